// One suite in one process: its memory and its caches are its own. Arguments: name, options as JSON, path for the rows.

import { writeFileSync } from 'node:fs'
import type { SuiteOptions } from './suites/suite.ts'
import { suites } from './suites/suites.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const [name, options = '{}', path = ''] = process.argv.slice(2)
const suite = suites.find((each) => each.name === name)
if (!suite) throw new Error(`no suite ${name}; there are ${suites.map((each) => each.name).join(', ')}`)
writeFileSync(path, JSON.stringify(await suite.run(JSON.parse(options) as SuiteOptions)))
