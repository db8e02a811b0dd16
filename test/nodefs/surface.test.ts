// The shape of the object: every name of node:fs, as it is there.

import nodeFs from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createFs } from '../../src/nodefs/create-fs.ts'
import { createRealFsClient } from '../support/real-fs-calls.ts'
import { useFolder } from '../support/folder.ts'

const fs = createFs(createRealFsClient())
const folder = useFolder()

type Names = Readonly<Record<string, unknown>>
const ours = fs as unknown as Names
const nodes = nodeFs as unknown as Names
const functionsOf = (owner: Names): string[] => Object.keys(owner).filter((name) => typeof owner[name] === 'function')

it('has every name of node:fs and of fs.promises, own and enumerable', () => {
  expect(Object.keys(fs)).toEqual(expect.arrayContaining(Object.keys(nodeFs)))
  expect(Object.keys(fs.promises)).toEqual(expect.arrayContaining(Object.keys(nodeFs.promises)))
  expect(Object.getOwnPropertyDescriptor(fs, 'promises')).toMatchObject({ enumerable: true })
})

it('has what later Nodes added, on every version', () => {
  expect(
    [fs.globSync, fs.promises.glob, fs.mkdtempDisposableSync, fs.promises.mkdtempDisposable].map((one) => typeof one),
  ).toEqual(Array.from({ length: 4 }, () => 'function'))
})

describe('names and lengths are those of Node', () => {
  const same = (owner: Names, model: Names): void => {
    const skipped = new Set(['Stats', 'Dirent', 'Dir', 'Utf8Stream'])
    const names = functionsOf(model).filter((name) => !skipped.has(name) && !name.startsWith('_'))
    const describeAll = (from: Names): unknown[] =>
      names.map((name) => [
        name,
        (from[name] as () => void).length,
        (from[name] as () => void).name.replace(/^_/, '').replace(/^File(?=\w+Stream)/, ''),
      ])
    expect(describeAll(owner)).toEqual(describeAll(model))
  }
  it('fs', () => same(ours, nodes))
  it('fs.promises', () => same(fs.promises as unknown as Names, nodeFs.promises as unknown as Names))
})

it('shares constants and result classes with Node', () => {
  expect(fs.constants).toBe(nodeFs.constants)
  expect(fs.promises.constants).toBe(nodeFs.constants)
  expect([fs.Stats, fs.Dirent]).toEqual([nodeFs.Stats, nodeFs.Dirent])
})

it('makes Stats, Dirents and streams that are instances of the classes of the real fs', async () => {
  fs.writeFileSync(folder.at('a'), 'x')
  expect(fs.statSync(folder.at('a'))).toBeInstanceOf(nodeFs.Stats)
  expect(fs.readdirSync(folder.path, { withFileTypes: true })[0]).toBeInstanceOf(nodeFs.Dirent)
  const stream = fs.createReadStream(folder.at('a'))
  expect(stream).toBeInstanceOf(nodeFs.ReadStream)
  await stream.toArray()
  const handle = await fs.promises.open(folder.at('a'))
  const real = await nodeFs.promises.open(folder.at('a'))
  expect(handle).toBeInstanceOf(real.constructor)
  await Promise.all([handle.close(), real.close()])
})

it('lets the real createReadStream read from a FileHandle', async () => {
  fs.writeFileSync(folder.at('a'), 'through')
  const handle = await fs.promises.open(folder.at('a'))
  expect((await nodeFs.createReadStream('', { fd: handle as never, encoding: 'utf8' }).toArray()).join('')).toBe(
    'through',
  )
})

it('works detached and spread', async () => {
  const { writeFileSync, readFileSync } = fs
  const copy = { ...fs }
  writeFileSync(folder.at('d'), 'detached')
  expect(readFileSync(folder.at('d'), 'utf8')).toBe('detached')
  expect(await copy.promises.readFile(folder.at('d'), 'utf8')).toBe('detached')
  const { stat } = copy.promises
  expect((await stat(folder.at('d'))).size).toBe(8)
})

it('promisifies read, write, readv, writev and exists as Node does', async () => {
  fs.writeFileSync(folder.at('p'), '0123456789')
  const fd = fs.openSync(folder.at('p'), 'r+')
  const buffer = Buffer.alloc(4)
  expect(await promisify(fs.read)(fd, buffer, 0, 4, 0)).toEqual({ bytesRead: 4, buffer })
  expect(await promisify(fs.write)(fd, 'ab', 0)).toEqual({ bytesWritten: 2, buffer: 'ab' })
  expect(await promisify(fs.readv)(fd, [buffer], 0)).toEqual({ bytesRead: 4, buffers: [buffer] })
  const written = (await promisify(fs.writev)(fd, [buffer], 0)) as object
  expect(written).toMatchObject({ bytesWritten: 4 })
  expect(await promisify(fs.exists)(folder.at('p'))).toBe(true)
  expect(await promisify(fs.exists)(folder.at('nope'))).toBe(false)
  fs.closeSync(fd)
})

it('never changes an options object, nor needs it to be plain', async () => {
  const frozen = <T extends object>(value: T): T =>
    new Proxy(Object.freeze(value), {
      set: () => {
        throw new Error('an option was changed')
      },
    })
  fs.writeFileSync(folder.at('o'), 'text', frozen({ encoding: 'utf8' as const, mode: 0o600 }))
  await fs.promises.appendFile(folder.at('o'), '+', frozen({ encoding: 'utf8' as const }))
  expect(fs.readFileSync(folder.at('o'), frozen({ encoding: 'utf8' as const }))).toBe('text+')
  expect(fs.readdirSync(folder.path, frozen({ withFileTypes: true as const, recursive: true }))).toHaveLength(1)
  const stream = fs.createReadStream(folder.at('o'), frozen({ start: 1, end: 2 }))
  expect(Buffer.concat(await stream.toArray()).toString()).toBe('ex')
})

it('throws in callbacks as uncaught exceptions, not as rejections', async () => {
  const caught = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener)
      resolve(error.message)
    })
  })
  fs.stat(folder.path, () => {
    throw new Error('from the callback')
  })
  expect(await caught).toBe('from the callback')
})

it.skipIf(!('Utf8Stream' in nodeFs))('writes through Utf8Stream into the volume', async () => {
  const stream = new fs.Utf8Stream({ dest: folder.at('log'), sync: false })
  stream.write('one line\n')
  const closed = new Promise((resolve) => stream.on('close', resolve))
  stream.end()
  await closed
  expect(fs.readFileSync(folder.at('log'), 'utf8')).toBe('one line\n')
  const fd = fs.openSync(folder.at('fd'), 'w')
  const sync = new fs.Utf8Stream({ fd, sync: true })
  sync.write('ours, not the descriptor of the process')
  sync.end()
  expect(fs.readFileSync(folder.at('fd'), 'utf8')).toBe('ours, not the descriptor of the process')
})
