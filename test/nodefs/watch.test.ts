// Watching by the volume's own events: subtrees, names that move, changes by strangers, what is ignored, slow readers.

import { once } from 'node:events'
import type { FSWatcher } from 'node:fs'
import nodeFs from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { createFs } from '../../src/nodefs/create-fs.ts'
import type { VolumeEvent } from '../../src/volume/types.ts'
import { useFolder } from '../support/folder.ts'
import { createRealFsClient } from '../support/real-fs-calls.ts'

const folder = useFolder()
const client = createRealFsClient()
const fs = createFs(client)
const open: FSWatcher[] = []
afterEach(() => {
  for (const watcher of open.splice(0)) watcher.close()
})

const turns = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
}

function watch(path: string, options: object = {}): { seen: string[]; watcher: FSWatcher } {
  const seen: string[] = []
  const watcher = fs.watch(path, options as never, (type: string, name: unknown) =>
    seen.push(`${type} ${String(name)}`),
  )
  open.push(watcher)
  return { seen, watcher }
}

function event(kind: VolumeEvent['kind'], path: string, oldPath?: string): VolumeEvent {
  return { kind, ino: 9, parent: 8, name: path.slice(path.lastIndexOf('/') + 1), path, oldPath, origin: 'remote' }
}

it('tells of a whole subtree when recursive, by relative names', async () => {
  nodeFs.mkdirSync(folder.at('a/b'), { recursive: true })
  const { seen } = watch(folder.path, { recursive: true })
  fs.writeFileSync(folder.at('a/b/c'), 'x')
  fs.mkdirSync(folder.at('d'))
  await turns()
  expect(seen).toEqual(['rename a/b/c', 'change a/b/c', 'rename d'])
})

it('tells both names of a rename, and neither when both are elsewhere', async () => {
  nodeFs.mkdirSync(folder.at('in'))
  const { seen } = watch(folder.at('in'))
  for (const [from, to] of [
    ['in/a', 'in/b'],
    ['in/c', 'd'],
    ['e', 'in/f'],
    ['g', 'h'],
  ] as const)
    client.emit(event('renamed', folder.at(to), folder.at(from)))
  await turns()
  expect(seen).toEqual(['rename a', 'rename b', 'rename c', 'rename f'])
})

it('tells of what strangers changed in the bucket', async () => {
  const { seen } = watch(folder.path)
  client.emit(event('modified', folder.at('theirs')))
  client.emit(event('removed', folder.at('gone')))
  await turns()
  expect(seen).toEqual(['change theirs', 'rename gone'])
})

it('follows a watched directory that is renamed, also from above', async () => {
  nodeFs.mkdirSync(folder.at('up/in'), { recursive: true })
  const { seen } = watch(folder.at('up/in'))
  fs.renameSync(folder.at('up'), folder.at('moved'))
  fs.writeFileSync(folder.at('moved/in/x'), '')
  await turns()
  expect(seen).toEqual(['rename x'])
})

it('does not take a sibling with the same beginning for its own', async () => {
  nodeFs.mkdirSync(folder.at('in'))
  const { seen } = watch(folder.at('in'), { recursive: true })
  client.emit(event('created', folder.at('inside/x')))
  await turns()
  expect(seen).toEqual([])
})

it.each([
  ['a glob', '*.log', ['rename keep.txt']],
  ['a path glob', '**/*.log', ['rename keep.txt']],
  ['a regular expression', /log$/g, ['rename keep.txt']],
  ['a function', (name: string) => name.endsWith('log'), ['rename keep.txt']],
  ['several', ['*.txt', /log$/], []],
])('ignores names by %s', async (_how, ignore, expected) => {
  const { seen } = watch(folder.path, { recursive: true, ignore })
  for (const name of ['a.log', 'sub/b.log', 'keep.txt', 'c.log']) client.emit(event('created', folder.at(name)))
  await turns()
  expect(seen).toEqual(expected)
})

it('never calls before the change has returned', () => {
  const { seen } = watch(folder.path)
  fs.writeFileSync(folder.at('x'), 'x')
  expect(seen).toEqual([])
})

it('tells nothing after close, and unsubscribes', async () => {
  const { seen, watcher } = watch(folder.path)
  fs.writeFileSync(folder.at('x'), 'x')
  watcher.close()
  await once(watcher, 'close')
  await turns()
  expect(seen).toEqual([])
})

it('waits for an inline engine to find the path, and tells a failure as error', async () => {
  const refuse = (): never => {
    throw Object.assign(new Error('inline'), { code: 'ERR_BUCKETFS_SYNC_INLINE' })
  }
  const inline = createFs({ ...client, sync: { ...client.sync, realpath: refuse, access: refuse } })
  const watcher = inline.watch(folder.path)
  open.push(watcher)
  await turns()
  await turns()
  const changed = once(watcher, 'change')
  client.emit(event('created', folder.at('late')))
  expect(await changed).toEqual(['rename', 'late'])
  const failing = inline.watch(folder.at('missing'))
  expect((await once(failing, 'error'))[0]).toMatchObject({
    code: 'ENOENT',
    syscall: 'watch',
    filename: folder.at('missing'),
  })
  expect(() => inline.existsSync(folder.at('anything'))).toThrow('inline')
})

it('keeps at most maxQueue events for a slow reader, and can fail instead', async () => {
  const aborter = new AbortController()
  const slow = (overflow: string): AsyncIterator<{ filename: unknown }> =>
    fs.promises
      .watch(folder.path, { maxQueue: 2, overflow, signal: aborter.signal } as never)
      [Symbol.asyncIterator]() as never
  const warned: string[] = []
  const onWarning = (warning: Error): void => void warned.push(warning.message)
  process.on('warning', onWarning)
  const [ignoring, failing] = [slow('ignore'), slow('error')]
  const first = [ignoring.next(), failing.next()]
  for (let i = 0; i < 6; i++) await turns()
  for (let i = 0; i < 5; i++) client.emit(event('created', folder.at(`n${i}`)))
  await turns()
  expect((await first[0])?.value.filename).toBe('n0')
  await first[1]?.catch(() => {})
  expect((await ignoring.next()).value.filename).toBe('n1')
  const outcome = await Promise.allSettled([failing.next(), failing.next(), failing.next()])
  expect(JSON.stringify(outcome)).toContain('ERR_FS_WATCH_QUEUE_OVERFLOW')
  await turns()
  expect(warned).toContain('fs.watch maxQueue exceeded')
  process.off('warning', onWarning)
  aborter.abort()
  await expect(ignoring.next().then(() => ignoring.next())).rejects.toMatchObject({ name: 'AbortError' })
})

it('watchFile looks again at once when the volume tells of a change', async () => {
  nodeFs.writeFileSync(folder.at('w'), '1')
  const changed = new Promise((resolve) =>
    fs.watchFile(folder.at('w'), { interval: 60_000, persistent: false }, (now, before) =>
      resolve([now.size, before.size]),
    ),
  )
  for (let i = 0; i < 4; i++) await turns()
  fs.appendFileSync(folder.at('w'), '23')
  expect(await changed).toEqual([3, 1])
  fs.unwatchFile(folder.at('w'))
})
