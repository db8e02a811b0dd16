// watch, watchFile and promises.watch: which changes are told, under which names.

import type { Case, Side } from './fs-compare.ts'
import { onNode20, settle } from './fs-compare.ts'

const one = (title: string, run: Case['run']): Case => ({ title, run, tree: true })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Distinct events of a change, sorted: how often one is repeated is the kernel's business. */
async function told({ fs }: Side, path: string, options: object, change: () => void): Promise<unknown[]> {
  const seen = new Set<string>()
  const watcher = fs.watch(path, options as never, (type: string, name: string | Buffer | null) =>
    seen.add(`${type} ${String(name)}`),
  )
  await pause(30)
  change()
  await pause(80)
  watcher.close()
  return [...seen].sort()
}

export const watchCases: readonly Case[] = [
  one('a file made in a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.writeFileSync(`${side.at}/new`, 'x')),
  ),
  one('a file changed in a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.appendFileSync(`${side.at}/file`, 'x')),
  ),
  one('a file removed from a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.unlinkSync(`${side.at}/zero`)),
  ),
  one('a file renamed in a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.renameSync(`${side.at}/zero`, `${side.at}/one`)),
  ),
  one('a mode changed in a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.chmodSync(`${side.at}/file`, 0o600)),
  ),
  one('a directory made in a watched directory', (side) =>
    told(side, side.at, {}, () => side.fs.mkdirSync(`${side.at}/made`)),
  ),
  one('a change below a subdirectory is not told', (side) =>
    told(side, side.at, {}, () => side.fs.appendFileSync(`${side.at}/dir/sub/b.txt`, 'x')),
  ),
  one('a watched file that changes', (side) =>
    told(side, `${side.at}/file`, {}, () => side.fs.appendFileSync(`${side.at}/file`, 'x')),
  ),
  one('a directory watched through a symlink', (side) =>
    told(side, `${side.at}/dirlink`, {}, () => side.fs.writeFileSync(`${side.at}/dir/new`, 'x')),
  ),
  one('names in another encoding', (side) =>
    told(side, side.at, { encoding: 'hex' }, () => side.fs.writeFileSync(`${side.at}/new`, 'x')),
  ),
  one('watching nothing throws', (side) => settle(() => side.fs.watch(`${side.at}/missing`), side)),
  one('watching nothing rejects', (side) =>
    settle(async () => {
      for await (const event of side.fs.promises.watch(`${side.at}/missing`)) return event
    }, side),
  ),
  ...[
    5,
    { persistent: 1 },
    { recursive: 'x', persistent: true },
    ...(onNode20 ? [] : [{ encoding: 'nope' }]),
    { signal: 5 },
  ].map((options) =>
    one(`promises.watch with ${JSON.stringify(options)}`, (side) =>
      settle(async () => {
        for await (const event of side.fs.promises.watch(side.at, options as never)) return event
      }, side),
    ),
  ),
  one('closing a watcher emits close once', async (side) => {
    const watcher = side.fs.watch(side.at)
    let closed = 0
    watcher.on('close', () => closed++)
    watcher.close()
    watcher.close()
    await pause(10)
    return [closed, watcher.ref() === watcher, watcher.unref() === watcher]
  }),
  one('aborting closes a watcher', async (side) => {
    const aborter = new AbortController()
    const watcher = side.fs.watch(side.at, { signal: aborter.signal })
    const closed = new Promise((resolve) => watcher.on('close', () => resolve('closed')))
    aborter.abort()
    return closed
  }),
  one('promises.watch yields events until aborted', async (side) => {
    const aborter = new AbortController()
    const seen: string[] = []
    const watching = (async () => {
      for await (const { eventType, filename } of side.fs.promises.watch(side.at, { signal: aborter.signal }))
        seen.push(`${eventType} ${filename}`)
    })()
    await pause(30)
    side.fs.mkdirSync(`${side.at}/made`)
    await pause(60)
    aborter.abort()
    return [await settle(() => watching, side), [...new Set(seen)]]
  }),
  one('watchFile tells of a change with both states', async (side) => {
    const path = `${side.at}/file`
    const change = new Promise((resolve) =>
      side.fs.watchFile(path, { interval: 20 }, (now, before) => {
        // The kernel changes mtime before the size: a poll may fall between.
        if (now.size !== 11) resolve([now.size, before.size, now.isFile()])
      }),
    )
    await pause(60)
    side.fs.appendFileSync(path, '123')
    const result = await change
    side.fs.unwatchFile(path)
    return result
  }),
  one('watchFile of a missing file calls once with zeros', async (side) => {
    const path = `${side.at}/missing`
    const calls: unknown[] = []
    side.fs.watchFile(path, { interval: 20 }, (now, before) => calls.push([now.mtimeMs, now.ino, before.size]))
    await pause(100)
    side.fs.unwatchFile(path)
    return calls
  }),
  one('watchFile shares one watcher per path, and stops with the last listener', async (side) => {
    const path = `${side.at}/file`
    const first = (): void => {}
    const watcher = side.fs.watchFile(path, { interval: 50 }, first)
    const same = side.fs.watchFile(path, () => {}) === watcher
    let stopped = 0
    watcher.on('stop', () => stopped++)
    side.fs.unwatchFile(path, first)
    const left = watcher.listenerCount('change')
    side.fs.unwatchFile(path)
    await pause(20)
    return [same, left, stopped]
  }),
  ...[undefined, 5, { interval: 'x' }].map((options) =>
    one(`watchFile with ${JSON.stringify(options) ?? 'nothing'} and no listener`, (side) =>
      settle(() => void side.fs.watchFile(`${side.at}/file`, options as never), side),
    ),
  ),
]
