// When a program on `bucketfs/fs` ends: not before its pending work is done, and not later.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compilePrograms, type CompiledPrograms } from './compiled.ts'
import { serveBucket, type ServedBucket } from '../support/served-bucket.ts'

const run = promisify(execFile)
/** An open engine keeps sockets and timers; none of them may keep the process. */
const promptMs = 5000

describe('a program on bucketfs/fs', () => {
  let served: ServedBucket
  let compiled: CompiledPrograms
  let count = 0
  beforeAll(async () => {
    compiled = compilePrograms()
    served = await serveBucket()
  })
  afterAll(async () => {
    await (served as ServedBucket | undefined)?.close()
    compiled.remove()
  })

  async function node(text: string, more: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; ms: number }> {
    const script = compiled.add(`exit-${count++}.mjs`, `import fs from 'bucketfs/fs'\n${text}\n`)
    const env = { ...process.env, ...served.environment, BUCKETFS_URL: served.volumeUrl('exit'), ...more }
    const started = performance.now()
    const { stdout } = await run(process.execPath, [script], { env, cwd: compiled.folder })
    return { stdout, ms: performance.now() - started }
  }

  it('ends at once when it did nothing', async () => {
    expect((await node(`console.log(typeof fs.readFile)`)).ms).toBeLessThan(promptMs)
  })

  it('ends at once when its work is done', async () => {
    const { stdout, ms } = await node(`
      await fs.promises.writeFile('/done', 'text')
      console.log(fs.readFileSync('/done', 'utf8'))
    `)
    expect(stdout).toBe('text\n')
    expect(ms).toBeLessThan(promptMs)
  })

  it('does not end before a call it started has come back', async () => {
    const { stdout } = await node(`
      fs.writeFile('/pending', 'text', () => fs.readFile('/pending', 'utf8', (error, text) => console.log(error ?? text)))
    `)
    expect(stdout).toBe('text\n')
  })

  it('leaves nothing unwritten behind, also under durability memory', async () => {
    await node(`fs.writeFileSync('/late', 'text')`, { BUCKETFS_DURABILITY: 'memory' })
    expect((await node(`console.log(fs.readFileSync('/late', 'utf8'))`)).stdout).toBe('text\n')
  })

  it('leaves nothing unwritten behind when it calls process.exit', async () => {
    await node(`fs.writeFileSync('/exited', 'text'); process.exit(0)`, { BUCKETFS_DURABILITY: 'memory' })
    expect((await node(`console.log(fs.readFileSync('/exited', 'utf8'))`)).stdout).toBe('text\n')
  })
})
