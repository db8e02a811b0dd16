// The door alone: over the real file system as its volume, every difference to node:fs is the door's.

import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFs } from '../../src/nodefs/create-fs.ts'
import { createRealFsClient } from '../support/real-fs-calls.ts'
import { badDescriptorCases, badOptionCases, badPathCases } from './fs-cases-arguments.ts'
import { descriptorCases } from './fs-cases-descriptors.ts'
import { cpCases, fileCases, globCases } from './fs-cases-files.ts'
import { handleCases } from './fs-cases-handles.ts'
import { nameCases } from './fs-cases-names.ts'
import { streamCases } from './fs-cases-streams.ts'
import { watchCases } from './fs-cases-watch.ts'
import { callCases, compareWithNode } from './fs-compare.ts'
import type { Subject } from './fs-compare.ts'

const overRealFs = async (): Promise<Subject> => {
  const root = nodeFs.mkdtempSync(join(tmpdir(), 'fs-subject-'))
  return {
    fs: createFs(createRealFsClient()),
    root,
    close: async () => nodeFs.rmSync(root, { recursive: true, force: true }),
  }
}

/** CI takes each call in each of its forms; by hand one form each, another one from call to call, so that it is soon done. */
const forms = process.env['CI'] ? 'all' : 'rotating'

compareWithNode('paths that are none', overRealFs, callCases(badPathCases, forms))
compareWithNode('options that are none', overRealFs, callCases(badOptionCases, forms))
compareWithNode('descriptors that are none', overRealFs, callCases(badDescriptorCases, forms))
compareWithNode('names and attributes', overRealFs, callCases(nameCases, forms))
compareWithNode('whole files and listings', overRealFs, callCases(fileCases, forms))
compareWithNode('cp', overRealFs, callCases(cpCases, forms))
compareWithNode('glob', overRealFs, globCases)
compareWithNode('descriptors', overRealFs, descriptorCases)
compareWithNode('streams', overRealFs, streamCases)
compareWithNode('handles and directories', overRealFs, handleCases)
compareWithNode('watching', overRealFs, watchCases)
