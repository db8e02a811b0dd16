// FileHandle, Dir and what promises alone can do: iterables, handles as paths, disposal, abort.

import { Readable } from 'node:stream'
import type { Case, Side } from './fs-compare.ts'
import { onNode20, settle } from './fs-compare.ts'

const one = (title: string, run: Case['run'], tree = true): Case => ({ title, run, tree })
const file = ({ at }: Side): string => `${at}/file`

const each = async (side: Side, ...runs: (() => unknown)[]): Promise<unknown[]> => {
  const outcomes: unknown[] = []
  for (const run of runs) outcomes.push(await settle(run, side))
  return outcomes
}

async function* chunks(): AsyncGenerator<string | Uint8Array> {
  yield 'one '
  yield Buffer.from('two ')
  yield new Uint8Array([0x33])
}

export const handleCases: readonly Case[] = [
  one('every method of a FileHandle', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    const outcomes = await each(
      side,
      () => handle.read({ buffer: Buffer.alloc(3) }),
      () => handle.readFile('utf8'),
      () => handle.write('!!', 0),
      () => handle.truncate(5),
      () => handle.truncate(),
      () => handle.writeFile('fresh'),
      () => handle.appendFile(' more'),
      () => handle.stat(),
      () => handle.stat({ bigint: true }),
      () => handle.chmod(0o600),
      () => handle.chown(-1, -1),
      () => handle.utimes(7, new Date(8000)),
      () => handle.stat().then((stats) => [stats.atimeMs, stats.mtimeMs]),
      () => handle.sync(),
      () => handle.datasync(),
      () => handle.readv([Buffer.alloc(2), Buffer.alloc(2)], 0),
      () => handle.writev([Buffer.from('A'), Buffer.from('B')], 0),
      () => handle.close(),
    )
    return [outcomes, handle.fd]
  }),
  one('a closed FileHandle refuses everything', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    let closed = 0
    ;(handle as unknown as NodeJS.EventEmitter).on('close', () => closed++)
    await handle.close()
    const names = [
      'read',
      'readFile',
      'write',
      'writeFile',
      'appendFile',
      'truncate',
      'stat',
      'chmod',
      'chown',
      'utimes',
      'sync',
      'datasync',
      'readv',
      'writev',
    ] as const
    const run = (name: (typeof names)[number]) => () => (handle[name] as (...args: unknown[]) => unknown)('x', 1, 1)
    return [await each(side, ...names.map(run), () => handle.close()), closed, handle.fd]
  }),
  one('FileHandle rejects bad arguments', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    const loose = handle as unknown as Record<string, (...args: unknown[]) => unknown>
    const call =
      (name: string, ...args: unknown[]) =>
      () =>
        (loose[name] as (...args: unknown[]) => unknown).apply(handle, args)
    const outcomes = await each(
      side,
      call('truncate', 'x'),
      call('truncate', -4),
      call('truncate', 1.5),
      call('chmod', 'rwx'),
      call('chmod'),
      call('chown', 'a', 1),
      call('utimes', 'soon', 1),
      call('utimes'),
      call('writeFile', 5),
      call('appendFile'),
      call('write'),
      call('write', null),
      call('readv', 5),
      call('readv', [5]),
      call('writev', 'x'),
      call('writev', []),
      call('readFile', { encoding: 'nope' }),
      call('readFile', 5),
      call('stat', null),
    )
    await handle.close()
    return outcomes.slice(0, -1)
  }),
  one('closing twice at once resolves both', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    return each(side, () => Promise.all([handle.close(), handle.close()]))
  }),
  one('closing waits for what is in flight', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    const [{ bytesWritten }] = await Promise.all([handle.write(Buffer.alloc(100, 'q'), 0, 100, 0), handle.close()])
    return bytesWritten
  }),
  one('await using closes a FileHandle', async (side) => {
    const handle = await side.fs.promises.open(file(side))
    await handle[Symbol.asyncDispose]()
    return handle.fd
  }),
  one('promises.readFile, writeFile and appendFile take a FileHandle', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'r+')
    const outcomes = await each(
      side,
      () => side.fs.promises.readFile(handle, 'utf8'),
      () => side.fs.promises.writeFile(handle, 'W'),
      () => side.fs.promises.appendFile(handle, 'A'),
    )
    await handle.close()
    return outcomes
  }),
  ...(['writeFile', 'appendFile'] as const).flatMap((call) => [
    one(`promises.${call} takes an async iterable`, (side) => side.fs.promises[call](file(side), chunks() as never)),
    one(`promises.${call} takes an iterable`, (side) =>
      side.fs.promises[call](file(side), ['a', 'b', Buffer.from('c')] as never),
    ),
    one(`promises.${call} takes a stream`, (side) =>
      side.fs.promises[call](file(side), Readable.from(['s1', 's2']) as never),
    ),
    one(`promises.${call} takes an iterable with an encoding`, (side) =>
      side.fs.promises[call](file(side), ['6162'] as never, 'hex'),
    ),
    one(`promises.${call} fails with what its iterable throws`, (side) =>
      side.fs.promises[call](
        file(side),
        (async function* () {
          yield 'kept'
          throw new TypeError('stop')
        })() as never,
      ),
    ),
  ]),
  one('a FileHandle takes an iterable', async (side) => {
    const handle = await side.fs.promises.open(file(side), 'w')
    await handle.writeFile(chunks() as never)
    await handle.close()
  }),
  ...(['readFile', 'writeFile', 'appendFile'] as const).flatMap((call) => [
    one(`promises.${call} with an aborted signal`, (side) =>
      call === 'readFile'
        ? side.fs.promises.readFile(file(side), { signal: AbortSignal.abort(new Error('why')) })
        : side.fs.promises[call](file(side), 'data', { signal: AbortSignal.abort() } as never),
    ),
    one(`${call} callback with an aborted signal`, (side) => {
      const options = { signal: AbortSignal.abort() }
      return new Promise((resolve) => {
        if (call === 'readFile') side.fs.readFile(file(side), options, (...args) => resolve(args))
        else side.fs[call](file(side), 'data', options as never, (...args: unknown[]) => resolve(args))
      })
    }),
  ]),
  one('aborting an iterable between chunks', async (side) => {
    const aborter = new AbortController()
    const slowly = async function* (): AsyncGenerator<string> {
      yield 'first'
      aborter.abort()
      yield 'second'
    }
    return side.fs.promises.writeFile(file(side), slowly() as never, { signal: aborter.signal })
  }),
  one('promises.lchmod is not implemented', (side) => side.fs.promises.lchmod(file(side), 0o600)),
  ...dirCases(),
]

function dirCases(): Case[] {
  const namesOf = (dirents: { name: string }[]): string[] => dirents.map(({ name }) => name).sort()
  return [
    one('a Dir can be iterated and closes itself', async (side) => {
      const dir = await side.fs.promises.opendir(`${side.at}/dir`)
      const seen = []
      for await (const dirent of dir) seen.push(dirent)
      return [namesOf(seen), dir.path, await settle(() => dir.close(), side), await settle(() => dir.read(), side)]
    }),
    one('readSync and closeSync of a Dir', (side) => {
      const dir = side.fs.opendirSync(`${side.at}/dir`, { bufferSize: 1 })
      const seen: { name: string }[] = []
      for (let dirent = dir.readSync(); dirent; dirent = dir.readSync()) seen.push(dirent)
      const end = dir.readSync()
      dir.closeSync()
      return each(
        side,
        () => namesOf(seen),
        () => end,
        () => dir.readSync(),
        () => dir.closeSync(),
        () => dir.read(),
        () => dir.close(),
      )
    }),
    one('read and close callbacks of a Dir', async (side) => {
      const dir = side.fs.opendirSync(`${side.at}/empty`)
      const read = await new Promise((resolve) => dir.read((...args) => resolve(args)))
      const closed = await new Promise((resolve) => dir.close((...args) => resolve(args)))
      const again = await new Promise((resolve) => dir.close((...args) => resolve(args)))
      return [
        read,
        closed,
        again,
        await settle(() => dir.read(() => {}), side),
        await settle(() => dir.read(5 as never), side),
      ]
    }),
    one('synchronous work refuses to cut into asynchronous work', async (side) => {
      const dir = side.fs.opendirSync(`${side.at}/dir`)
      const pending = dir.read()
      const outcomes = [await settleNow(() => dir.readSync(), side), await settleNow(() => dir.closeSync(), side)]
      await pending
      await dir.close()
      return outcomes
    }),
    one('a recursive Dir goes into subdirectories', async (side) => {
      const seen: string[] = []
      for await (const { name, parentPath } of await side.fs.promises.opendir(side.at, { recursive: true }))
        seen.push(`${parentPath.replace(side.at, '$')}/${name}`)
      return seen.sort()
    }),
    one('opendir with encoding buffer', async (side) => {
      const dir = side.fs.opendirSync(`${side.at}/dir`, { encoding: 'buffer' as never })
      const seen = []
      for await (const { name } of dir) seen.push(String(name))
      return seen.sort()
    }),
    {
      title: 'a Dir can be disposed of twice',
      skip: onNode20,
      run: async (side) => {
        const dir = side.fs.opendirSync(`${side.at}/dir`)
        dir[Symbol.dispose]()
        dir[Symbol.dispose]()
        await dir[Symbol.asyncDispose]()
        return settle(() => dir.readSync(), side)
      },
    },
    {
      title: 'mkdtempDisposable removes its directory',
      skip: onNode20,
      tree: true,
      run: async (side) => {
        const made = side.fs.mkdtempDisposableSync(`${side.at}/t-`)
        side.fs.writeFileSync(`${made.path}/x`, '')
        made.remove()
        const later = await side.fs.promises.mkdtempDisposable(`${side.at}/t-`)
        const was = side.fs.existsSync(later.path)
        await later.remove()
        await later.remove()
        return [made.path, was, side.fs.existsSync(later.path), Object.keys(made)]
      },
    },
  ]
}

/** Synchronously, so that nothing pending can finish first. */
function settleNow(run: () => unknown, side: Side): Promise<unknown> {
  return settle(run, side)
}
