// The same programs in processes of their own, where fs is `bucketfs/fs`: by import and by require, configured by the
// environment alone, over real HTTP. `npm test` runs on Node 20 and 24 in CI, and so does this.

import { execFile } from 'node:child_process'
import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compilePrograms, type CompiledPrograms } from './compiled.ts'
import { programs } from './programs/programs.ts'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'

const run = promisify(execFile)

const body = `
const { programs } = await import('./programs.js')
const [index, root] = process.argv.slice(2)
await fs.promises.mkdir(root)
process.stdout.write(JSON.stringify(await programs[Number(index)].run(fs, root)))
`
const forms = {
  import: { name: 'by-import.mjs', text: `import fs from 'bucketfs/fs'\n${body}` },
  require: { name: 'by-require.cjs', text: `const fs = require('bucketfs/fs')\n;(async () => {${body}})()\n` },
} as const

describe.each(['import', 'require'] as const)('by %s of bucketfs/fs', (form) => {
  let compiled: CompiledPrograms
  let script: string
  let folder: string
  let served: ServedBucket
  beforeAll(async () => {
    folder = nodeFs.mkdtempSync(join(tmpdir(), 'bucketfs-drop-in-'))
    compiled = compilePrograms()
    script = compiled.add(forms[form].name, forms[form].text)
    served = await serveBucket()
  })
  afterAll(async () => {
    await (served as ServedBucket | undefined)?.close()
    compiled.remove()
    nodeFs.rmSync(folder, { recursive: true, force: true })
  })

  // CI runs each program by both; by hand they take turns, so that it is soon done.
  const mine = programs
    .map((program, index) => ({ program, index }))
    .filter(({ index }) => process.env['CI'] || index % 2 === (form === 'import' ? 0 : 1))
  for (const { program, index } of mine)
    it(program.name, { timeout: 120_000 }, async () => {
      const control = join(folder, String(index))
      nodeFs.mkdirSync(control)
      const env = { ...process.env, ...served.environment, BUCKETFS_URL: served.volumeUrl(`${form}-${index}`) }
      const options = { env, cwd: compiled.folder, maxBuffer: 64 * 1024 * 1024 }
      const { stdout } = await run(process.execPath, [script, String(index), '/work'], options)
      const expected = JSON.parse(JSON.stringify(await program.run(nodeFs, control))) as unknown
      expect(JSON.parse(stdout)).toEqual(expected)
    })
})
