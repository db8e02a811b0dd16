// How a process with an engine ends: real child processes over the fake volume.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const built = (path: string): string => JSON.stringify(new URL(`../../dist/engine/${path}`, import.meta.url).href)
const fake = JSON.stringify(new URL('../support/fake-volume.mjs', import.meta.url).href)
const folder = mkdtempSync(join(tmpdir(), 'bucketfs-exit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** `engine`, `client` and `me` are there for `body`; `data` configures the fake volume. */
function runProgram(
  body: string,
  data: Readonly<Record<string, unknown>> = {},
  kind: 'worker' | 'inline' = 'worker',
): Promise<Ended> {
  const opener = `{ module: ${fake}, data: ${JSON.stringify(data)} }`
  const start =
    kind === 'worker'
      ? `import { startWorkerEngine } from ${built('thread/worker-engine.js')}
         const engine = await startWorkerEngine({ opener: ${opener}, label: 's3://bucket/' })`
      : `import { startInlineEngine } from ${built('thread/inline-engine.js')}
         import { runOpener } from ${built('composed.js')}
         const engine = await startInlineEngine({ composed: runOpener(${opener}) })`
  const source = `${start}\nconst { client } = engine, me = client.caller(), create = { flags: 65, mode: 420 }\n${body}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] })
  const begun = Date.now()
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => (stdout += String(bytes)))
  child.stderr.on('data', (bytes) => (stderr += String(bytes)))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, ms: Date.now() - begun }))
  })
}

let files = 0
const target = (): string => join(folder, `saved-${files++}.json`)
const saved = (path: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>

const write = `await client.calls.writeFile(me, '/dirty', Buffer.from('unsaved'), create);`

describe('a worker engine', () => {
  it.each([
    ['ends by itself', '', 0],
    ['calls process.exit', 'process.exit(0)', 0],
    ['calls process.exit with a code', 'process.exit(7)', 7],
    ['throws where nobody catches', `setImmediate(() => { throw new Error('mine') })`, 1],
  ])('writes back what is dirty when the program %s', async (_, end, code) => {
    const saveTo = target()
    const ended = await runProgram(`${write}\n${end}`, { saveTo, saveDelayMs: 50 })
    expect(ended.code).toBe(code)
    expect(saved(saveTo)['/dirty']).toBe('unsaved')
  })

  it('keeps the process alive while a call is pending', async () => {
    const { code, stdout } = await runProgram(
      `client.calls.readFile(me, '/slow/300').then((bytes) => console.log(String(Buffer.from(bytes))))`,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'slow\n' })
  })

  it('keeps no process alive that has nothing pending, subscribed or not', async () => {
    const { code, ms } = await runProgram(`client.subscribe(() => {}); client.sync.stat(me, '/', true)`)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(5000)
  })

  it('names what could not be written back on stderr and sets the exit code', async () => {
    const { code, stderr } = await runProgram(write, { failSave: true })
    expect(code).toBe(1)
    expect(stderr).toContain('bucketfs: s3://bucket/: not everything was written back: EIO: the bucket is away')
  })

  it('keeps the exit code a program chose when writing back fails too', async () => {
    expect((await runProgram(`${write} process.exit(9)`, { failSave: true })).code).toBe(9)
  })

  it('has nothing left to do at exit after close', async () => {
    const saveTo = target()
    const { code, stderr } = await runProgram(`${write} await engine.close(); console.log('closed')`, { saveTo })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(saved(saveTo)['/dirty']).toBe('unsaved')
  })

  it('lets a handler of SIGTERM write back by process.exit', async () => {
    const saveTo = target()
    const body = `process.on('SIGTERM', () => process.exit(143)); ${write} setInterval(() => {}, 1000); process.kill(process.pid, 'SIGTERM')`
    expect((await runProgram(body, { saveTo })).code).toBe(143)
    expect(saved(saveTo)['/dirty']).toBe('unsaved')
  })

  it("lets the program's own exit handlers write, and writes that back too", async () => {
    const saveTo = target()
    const body = `process.on('exit', () => client.sync.writeFile(me, '/last', Buffer.from('words'), create)); await null`
    const { code, stderr } = await runProgram(body, { saveTo })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(saved(saveTo)['/last']).toBe('words')
  })

  it('gives up after a while when the bucket is away, and says so', async () => {
    // What the exit handler does, with a shorter while.
    const body = `${write}
      import { PortCaller } from ${built('rpc/port-caller.js')}
      const caller = new PortCaller(engine.port())
      try { caller.callSync('shutdown', [200], () => {}) } catch (error) { console.log(error.code, error.message) }
      process.reallyExit(0)`
    const { stdout, ms } = await runProgram(body, { saveDelayMs: 60_000 })
    expect(stdout).toBe('ETIMEDOUT ETIMEDOUT: data was not written back within 0.2 s\n')
    expect(ms).toBeLessThan(20_000)
  })

  it('ends with an error, not a hang, when the engine breaks under a call that is awaited', async () => {
    const { code, stderr } = await runProgram(`await client.calls.readFile(me, '/crash')`)
    expect(code).toBe(1)
    expect(stderr).toContain('the engine broke')
  })
})

describe('an inline engine', () => {
  it('writes back what is dirty when the program ends by itself', async () => {
    const saveTo = target()
    const { code } = await runProgram(write, { saveTo, saveDelayMs: 50 }, 'inline')
    expect(code).toBe(0)
    expect(saved(saveTo)['/dirty']).toBe('unsaved')
  })

  it('names what could not be written back and sets the exit code', async () => {
    const { code, stderr } = await runProgram(write, { failSave: true }, 'inline')
    expect(code).toBe(1)
    expect(stderr).toContain('not everything was written back')
  })
})

describe("the engine's thread", () => {
  it('runs nothing that the program was told to preload', async () => {
    const hook = join(folder, 'hook.mjs')
    writeFileSync(hook, `import { threadId } from 'node:worker_threads'; console.log('loaded in', threadId)`)
    const source = `import { startWorkerEngineSync } from ${built('thread/worker-engine.js')}
      startWorkerEngineSync({ opener: { module: ${fake}, data: {} }, label: 'fake:' })`
    const env = { ...process.env, NODE_OPTIONS: `--import ${hook}` }
    const program = ['--import', hook, '--input-type=module', '-e', source]
    expect(execFileSync(process.execPath, program, { env, encoding: 'utf8' })).toBe('loaded in 0\n')
  })
})
