// What the door does with the engine client: how many calls, in whose name, from which cache; and what it keeps itself.

import nodeFs from 'node:fs'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { VolumeError } from '../../src/base/errors.ts'
import type { EngineClient } from '../../src/engine/engine-client.ts'
import { createFs } from '../../src/nodefs/create-fs.ts'
import { fsError, toFsError } from '../../src/nodefs/errors.ts'
import { fdMin } from '../../src/nodefs/fd-table.ts'
import { fileHandleClass } from '../../src/nodefs/promises/file-handle.ts'
import { plainHandleClass } from '../../src/nodefs/promises/handle-base.ts'
import { promiseCalls } from '../../src/nodefs/promises/promise-calls.ts'
import { Door } from '../../src/nodefs/door.ts'
import { openFile } from '../../src/nodefs/operations/descriptors.ts'
import type { Caller } from '../../src/volume/types.ts'
import { useFolder } from '../support/folder.ts'
import { createRealFsClient } from '../support/real-fs-calls.ts'

const folder = useFolder()

function counting(): { fs: typeof nodeFs; calls: () => Record<string, number> } {
  const client = createRealFsClient()
  return { fs: createFs(client), calls: () => Object.fromEntries(client.counts) }
}

describe('calls', () => {
  it('reads a whole file in one call', async () => {
    nodeFs.writeFileSync(folder.at('a'), 'x')
    const { fs, calls } = counting()
    fs.readFileSync(folder.at('a'))
    await fs.promises.readFile(folder.at('a'), 'utf8')
    expect(calls()).toEqual({ readFile: 2 })
  })

  it('writes and appends a whole file in one call', async () => {
    const { fs, calls } = counting()
    fs.writeFileSync(folder.at('a'), 'x', { flag: 'wx' })
    await fs.promises.appendFile(folder.at('a'), 'y')
    expect(calls()).toEqual({ writeFile: 2 })
  })

  it('lists a tree by walking, not directory by directory', () => {
    nodeFs.mkdirSync(folder.at('a/b/c'), { recursive: true })
    const { fs, calls } = counting()
    expect(fs.readdirSync(folder.path, { recursive: true })).toEqual(['a', 'a/b', 'a/b/c'])
    expect(fs.globSync('**', { cwd: folder.path }).sort()).toEqual(['.', 'a', 'a/b', 'a/b/c'])
    expect(calls()).not.toHaveProperty('readdir')
  })

  it('truncates and copies in one call', () => {
    nodeFs.writeFileSync(folder.at('a'), 'long')
    const { fs, calls } = counting()
    fs.truncateSync(folder.at('a'), 2)
    fs.copyFileSync(folder.at('a'), folder.at('b'))
    expect(calls()).toEqual({ setAttributes: 1, copyFile: 1 })
  })
})

describe('the shared cache', () => {
  it('answers stat, lstat, exists and access without a call', () => {
    nodeFs.writeFileSync(folder.at('a'), 'x')
    const client = createRealFsClient({ peek: true })
    const fs = createFs(client)
    expect(fs.statSync(folder.at('a')).size).toBe(1)
    expect(fs.lstatSync(folder.at('a'), { bigint: true }).size).toBe(1n)
    expect([fs.existsSync(folder.at('a')), fs.existsSync(folder.at('b'))]).toEqual([true, false])
    expect(fs.statSync(folder.at('b'), { throwIfNoEntry: false })).toBeUndefined()
    fs.accessSync(folder.at('a'))
    expect(() => fs.statSync(folder.at('b'))).toThrow(`ENOENT: no such file or directory, stat '${folder.at('b')}'`)
    expect(() => fs.accessSync(folder.at('b'))).toThrow(`ENOENT: no such file or directory, access '${folder.at('b')}'`)
    expect(client.counts.size).toBe(0)
  })

  it('gives contents and listings that are there', () => {
    const client = createRealFsClient()
    const peeking: EngineClient = {
      ...client,
      peek: {
        ...client.peek,
        readFile: () => new TextEncoder().encode('cached'),
        readdir: () => Object.freeze([{ name: 'n', ino: 2, type: 'directory' } as const]),
      },
    }
    const fs = createFs(peeking)
    expect(fs.readFileSync('/any', 'utf8')).toBe('cached')
    expect(fs.readdirSync('/any')).toEqual(['n'])
    expect(fs.readdirSync('/any', { withFileTypes: true })[0]?.isDirectory()).toBe(true)
    expect(client.counts.size).toBe(0)
  })
})

describe('paths', () => {
  it('start at cwd, asked for at each call', () => {
    nodeFs.mkdirSync(folder.at('one'))
    nodeFs.writeFileSync(folder.at('one/f'), '1')
    let cwd = folder.path
    const fs = createFs(createRealFsClient(), { cwd: () => cwd })
    expect(fs.readFileSync('one/f', 'utf8')).toBe('1')
    cwd = folder.at('one')
    expect(fs.readFileSync('f', 'utf8')).toBe('1')
    expect(() => fs.readFileSync('g')).toThrow("ENOENT: no such file or directory, open 'g'")
  })

  it('keep bytes that are no UTF-8', async () => {
    const fs = createFs(createRealFsClient())
    const name = Buffer.concat([Buffer.from(folder.at('n')), Buffer.from([0xff, 0xfe])])
    fs.writeFileSync(name, 'bytes')
    expect(fs.readdirSync(folder.path, 'buffer')).toEqual([Buffer.from([0x6e, 0xff, 0xfe])])
    expect(fs.readdirSync(folder.path)).toEqual(['n\ufffd\ufffd'])
    expect(fs.readFileSync(name, 'utf8')).toBe('bytes')
    expect(fs.realpathSync.native(name, 'buffer')).toEqual(name)
    fs.symlinkSync(name, folder.at('link'))
    expect(fs.readlinkSync(folder.at('link'), 'buffer')).toEqual(name)
    await fs.promises.unlink(name)
    expect(fs.readdirSync(folder.path)).toEqual(['link'])
  })

  it('turn lone surrogates into U+FFFD, as Node does, and never into bytes', () => {
    const fs = createFs(createRealFsClient())
    fs.writeFileSync(folder.at('s\udcff'), '')
    expect(nodeFs.readdirSync(folder.path)).toEqual(['s\ufffd'])
  })
})

describe('descriptors', () => {
  it('are out of the range of the kernel, so that the real fs refuses them', () => {
    const fs = createFs(createRealFsClient())
    const fd = fs.openSync(folder.at('a'), 'w')
    expect(fd).toBeGreaterThanOrEqual(fdMin)
    expect(() => nodeFs.fstatSync(fd)).toThrow('EBADF')
    fs.closeSync(fd)
  })

  it('of one volume mean nothing to another', () => {
    const [one, other] = [createFs(createRealFsClient()), createFs(createRealFsClient())]
    const fd = one.openSync(folder.at('a'), 'w')
    expect(() => other.writeSync(fd, 'x')).toThrow('EBADF: bad file descriptor, write')
    one.closeSync(fd)
  })
})

describe('errors', () => {
  it('carry the conflict copy of ESTALE, and its cause', () => {
    const cause = new Error('412')
    const error = toFsError(new VolumeError('ESTALE', { conflictPath: '/c', cause }), { syscall: 'fsync', path: '/f' })
    expect(error).toMatchObject({
      code: 'ESTALE',
      errno: -constants.errno.ESTALE,
      conflictPath: '/c',
      cause,
      path: '/f',
    })
    expect((error as Error).message).toBe("ESTALE: stale file handle, fsync '/f'")
  })

  it('look like those of Node when printed', () => {
    const theirs = (() => {
      try {
        return nodeFs.statSync('/nonexistent')
      } catch (error) {
        return error
      }
    })()
    const error = fsError('ENOENT', { syscall: 'stat', path: '/nonexistent' })
    expect({ ...error }).toEqual({ ...(theirs as object) })
    expect(String(error)).toBe(String(theirs))
    expect(Object.keys(error)).toEqual(Object.keys(theirs as object))
  })

  it('that are no volume errors pass unchanged', () => {
    const error = new TypeError('engine gone')
    expect(toFsError(error, { syscall: 'open' })).toBe(error)
  })

  it('of an aborted read are AbortError with the reason, and the engine is told', async () => {
    const client = createRealFsClient()
    let signal: AbortSignal | undefined
    const slow: EngineClient = {
      ...client,
      calls: {
        ...client.calls,
        readFile: (caller: Caller) => {
          signal = caller.signal
          return new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(new VolumeError('ECANCELED'))),
          )
        },
      },
    }
    const aborter = new AbortController()
    const reading = createFs(slow).promises.readFile('/slow', { signal: aborter.signal })
    aborter.abort(new Error('enough'))
    await expect(reading).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: new Error('enough') })
    expect(signal?.aborted).toBe(true)
  })
})

it('has a FileHandle of its own where the class of Node cannot be used', async () => {
  nodeFs.writeFileSync(folder.at('a'), 'one\ntwo')
  const client = createRealFsClient()
  const fs = createFs(client)
  const door = new Door(client, {})
  const Handle = fileHandleClass(plainHandleClass(fs as never))
  const file = door.runSync(openFile(door, door.path(folder.at('a')), 2, 0o666))
  const handle = new Handle(door, file)
  expect(await handle.readFile('utf8')).toBe('one\ntwo')
  expect((await handle.write('ONE', 0)).bytesWritten).toBe(3)
  let closed = 0
  ;(handle as unknown as NodeJS.EventEmitter).on('close', () => closed++)
  await handle.close()
  await handle.close()
  expect([handle.fd, closed]).toEqual([-1, 1])
  await expect(handle.stat()).rejects.toMatchObject({ code: 'EBADF', message: 'file closed' })
  expect(typeof promiseCalls(door, fs as never)['open']).toBe('function')
})

it('tells both failures when writing and closing fail', async () => {
  const client = createRealFsClient()
  const failing: EngineClient = {
    ...client,
    calls: {
      ...client.calls,
      write: () => Promise.reject(new VolumeError('ENOSPC')),
      close: async (handle) => {
        await client.calls.close(handle)
        throw new VolumeError('EIO')
      },
    },
  }
  const writing = createFs(failing).promises.writeFile(folder.at('f'), ['chunk'] as never)
  await expect(writing).rejects.toMatchObject({ code: 'ENOSPC', errors: [{ code: 'ENOSPC' }, { code: 'EIO' }] })
})
