// A volume that is the machine's own file system: VolumeCalls over the real node:fs, paths as they are. The door is
// developed and compared against it, so that a difference to node:fs is the door's and nobody else's.

import fs from 'node:fs'
import { VolumeError } from '../../src/base/errors.ts'
import type { ErrnoCode } from '../../src/base/errors.ts'
import type { EngineClient, SyncVolumeCalls } from '../../src/engine/engine-client.ts'
import { bytesOfName, nameOfBytes } from '../../src/format/name.ts'
import type { VolumeCalls, WalkEntry } from '../../src/volume/calls.ts'
import type { AttributeChanges, Attributes, Caller, DirectoryEntry, VolumeEvent } from '../../src/volume/types.ts'
import { typeOfMode } from '../../src/volume/types.ts'

export interface RealFsClient extends EngineClient {
  /** What changed through this client is also told to subscribers; tests may tell more. */
  emit(event: VolumeEvent): void
  readonly counts: ReadonlyMap<string, number>
}

export interface RealFsOptions {
  /** Answer stat from `peek`, as the shared cache would. */
  readonly peek?: boolean
}

export function createRealFsClient(options: RealFsOptions = {}): RealFsClient {
  const listeners = new Set<(event: VolumeEvent) => void>()
  const emit = (event: VolumeEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const counts = new Map<string, number>()
  const sync = counted(withEvents(realCalls(), emit), counts)
  const client: RealFsClient = {
    sync,
    calls: asynchronous(sync),
    peek: {
      stat: (_caller, path, followLast) => {
        if (!options.peek) return undefined
        const stats = (followLast ? fs.statSync : fs.lstatSync)(path, { bigint: true, throwIfNoEntry: false })
        return stats ? attributesOf(stats) : 'ENOENT'
      },
      readFile: () => undefined,
      readdir: () => undefined,
    },
    caller: () => ({
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      groups: process.getgroups?.() ?? [],
      umask: process.umask(),
    }),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    metrics: async () => ({}),
    close: async () => {},
    emit,
    counts,
  }
  return client
}

function realCalls(): SyncVolumeCalls {
  const appending = new Set<number>()
  return wrapErrors({
    stat: (_caller, path, followLast) =>
      attributesOf(followLast ? fs.statSync(at(path), big) : fs.lstatSync(at(path), big)),
    access: (_caller, path, mode) => fs.accessSync(at(path), mode),
    readlink: (_caller, path) => nameOfBytes(fs.readlinkSync(at(path), 'buffer')),
    realpath: (_caller, path) => nameOfBytes(fs.realpathSync.native(at(path), 'buffer')),
    statfs: (_caller, path) => {
      const info = fs.statfsSync(at(path))
      return {
        type: info.type,
        blockBytes: info.bsize,
        blocks: info.blocks,
        blocksFree: info.bfree,
        blocksAvailable: info.bavail,
        files: info.files,
        filesFree: info.ffree,
        nameBytesMax: 255,
      }
    },
    readdir: (_caller, path) => entriesOf(path),
    readdirAttributes: (_caller, path) =>
      entriesOf(path).map((entry) => ({
        ...entry,
        attributes: attributesOf(fs.lstatSync(at(`${path}/${entry.name}`), big)),
      })),
    walk: (_caller, path, cursor) => {
      const all = walkOf(path, '')
      const start = cursor === undefined ? 0 : Number(cursor)
      const entries = all.slice(start, start + 1000)
      return start + 1000 < all.length ? { entries, cursor: String(start + 1000) } : { entries }
    },
    mkdir: (_caller, path, mode, recursive) => fs.mkdirSync(at(path), { mode, recursive }) ?? null,
    mkdtemp: (_caller, prefix) => nameOfBytes(fs.mkdtempSync(at(prefix) as never, 'buffer')),
    rmdir: (_caller, path) => fs.rmdirSync(at(path)),
    unlink: (_caller, path) => fs.unlinkSync(at(path)),
    remove(_caller, path, how) {
      // Node 24's rmSync, unlike its rm, is silent about a name below a file.
      if (!how.recursive || !how.force || isThere(at(path))) fs.rmSync(at(path), how)
    },
    rename: (_caller, from, to) => fs.renameSync(at(from), at(to)),
    link: (_caller, from, to) => fs.linkSync(at(from), at(to)),
    symlink: (_caller, target, path) => fs.symlinkSync(at(target), at(path)),
    mknod: () => refuse('ENOSYS'),
    setAttributes: (_caller, path, changes, followLast) => {
      applyChanges(path, changes, followLast)
      return attributesOf(followLast ? fs.statSync(at(path), big) : fs.lstatSync(at(path), big))
    },
    copyFile: (_caller, from, to, exclusive) => fs.copyFileSync(at(from), at(to), exclusive ? 1 : 0),
    open: (_caller, path, flags, mode) => {
      const handle = fs.openSync(at(path), flags, mode)
      if (flags & fs.constants.O_APPEND) appending.add(handle)
      return { handle, attributes: attributesOf(fs.fstatSync(handle, big)) }
    },
    read: (handle, offset, length) => {
      const { size } = fs.fstatSync(handle)
      const buffer = Buffer.alloc(Math.min(length, Math.max(0, size - offset) || 1))
      return new Uint8Array(buffer.subarray(0, fs.readSync(handle, buffer, 0, buffer.length, offset)))
    },
    write: (handle, offset, bytes) => {
      const start = appending.has(handle) ? fs.fstatSync(handle).size : offset
      fs.writeSync(handle, bytes, 0, bytes.byteLength, appending.has(handle) ? null : offset)
      return start
    },
    fstat: (handle) => attributesOf(fs.fstatSync(handle, big)),
    setHandleAttributes: (_caller, handle, changes) => {
      applyHandleChanges(handle, changes)
      return attributesOf(fs.fstatSync(handle, big))
    },
    fsync: (handle) => fs.fsyncSync(handle),
    close: (handle) => {
      appending.delete(handle)
      fs.closeSync(handle)
    },
    readFile: (_caller, path) => new Uint8Array(fs.readFileSync(at(path))),
    writeFile: (_caller, path, bytes, { flags, mode, flush }) => {
      const handle = fs.openSync(at(path), flags, mode)
      try {
        if (bytes.byteLength > 0) fs.writeFileSync(handle, bytes)
        if (flush) fs.fsyncSync(handle)
      } finally {
        fs.closeSync(handle)
      }
    },
    getXattr: () => refuse('ENOTSUP'),
    setXattr: () => refuse('ENOTSUP'),
    listXattrs: () => [],
    removeXattr: () => refuse('ENOTSUP'),
    sync: () => {},
    fsyncDirectory: () => {},
  })
}

const big = { bigint: true } as const

function at(path: string): Buffer {
  return Buffer.from(bytesOfName(path))
}

function attributesOf(stats: fs.BigIntStats): Attributes {
  return {
    ino: Number(stats.ino),
    type: typeOfMode(Number(stats.mode)),
    mode: Number(stats.mode),
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    rdev: Number(stats.rdev),
    size: Number(stats.size),
    atimeNs: stats.atimeNs,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    birthtimeNs: stats.birthtimeNs,
  }
}

function entriesOf(path: string): DirectoryEntry[] {
  const entries = fs.readdirSync(at(path), { encoding: 'buffer', withFileTypes: true })
  entries.sort((a, b) => Buffer.compare(a.name, b.name))
  return entries.map((entry) => {
    const name = nameOfBytes(entry.name)
    const stats = fs.lstatSync(at(`${path}/${name}`), big)
    return { name, ino: Number(stats.ino), type: typeOfMode(Number(stats.mode)) }
  })
}

function walkOf(path: string, prefix: string): WalkEntry[] {
  return entriesOf(path).flatMap(({ name, type }) => {
    const stats = fs.lstatSync(at(`${path}/${name}`), big)
    const entry = { path: prefix + name, type, size: Number(stats.size), mtimeNs: stats.mtimeNs }
    return type === 'directory' ? [entry, ...walkOf(`${path}/${name}`, `${prefix}${name}/`)] : [entry]
  })
}

function applyChanges(path: string, changes: AttributeChanges, followLast: boolean): void {
  const target = at(path)
  if (changes.size !== undefined) fs.truncateSync(target, changes.size)
  if (changes.mode !== undefined) fs.chmodSync(target, changes.mode)
  if (changes.uid !== undefined || changes.gid !== undefined)
    (followLast ? fs.chownSync : fs.lchownSync)(target, ...owners(changes))
  if (changes.atimeNs !== undefined || changes.mtimeNs !== undefined)
    (followLast ? fs.utimesSync : fs.lutimesSync)(target, seconds(changes.atimeNs), seconds(changes.mtimeNs))
}

function applyHandleChanges(handle: number, changes: AttributeChanges): void {
  if (changes.size !== undefined) fs.ftruncateSync(handle, changes.size)
  if (changes.mode !== undefined) fs.fchmodSync(handle, changes.mode)
  if (changes.uid !== undefined || changes.gid !== undefined) fs.fchownSync(handle, ...owners(changes))
  if (changes.atimeNs !== undefined || changes.mtimeNs !== undefined)
    fs.futimesSync(handle, seconds(changes.atimeNs), seconds(changes.mtimeNs))
}

function owners({ uid, gid }: AttributeChanges): [number, number] {
  return [uid ?? -1, gid ?? -1]
}

/** Half a nanosecond more, since libuv cuts where this division may round down. */
function seconds(ns: bigint | 'now' | undefined): number {
  if (typeof ns !== 'bigint') return Date.now() / 1000
  return Number(ns) / 1e9
}

function refuse(code: ErrnoCode): never {
  throw new VolumeError(code)
}

/** ENOTDIR is thrown, where `throwIfNoEntry: false` would answer that nothing is there. */
function isThere(path: Parameters<typeof fs.lstatSync>[0]): boolean {
  try {
    fs.lstatSync(path)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false
    throw error
  }
}

/** Errors of the real file system as the volume throws them. */
function wrapErrors(calls: SyncVolumeCalls): SyncVolumeCalls {
  return mapCalls(calls, (call) => (...args) => {
    try {
      return call(...args)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ERR_FS_FILE_TOO_LARGE') throw new VolumeError('EFBIG')
      throw code !== undefined && /^E[A-Z0-9]+$/.test(code) ? new VolumeError(code as ErrnoCode) : error
    }
  })
}

function counted(calls: SyncVolumeCalls, counts: Map<string, number>): SyncVolumeCalls {
  return mapCalls(calls, (call, name) => (...args) => {
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return call(...args)
  })
}

/** The same calls as promises that settle on a later turn, as the engine's do. */
function asynchronous(calls: SyncVolumeCalls): VolumeCalls {
  return mapCalls(calls, (call) => async (...args: unknown[]) => {
    const caller = args[0] as Partial<Caller> | undefined
    await new Promise((resolve) => setImmediate(resolve))
    if (typeof caller === 'object' && caller?.signal?.aborted) throw new VolumeError('ECANCELED')
    return call(...args)
  }) as unknown as VolumeCalls
}

type AnyCall = (...args: unknown[]) => unknown

function mapCalls(calls: SyncVolumeCalls, map: (call: AnyCall, name: string) => AnyCall): SyncVolumeCalls {
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, map(call as AnyCall, name)]),
  ) as unknown as SyncVolumeCalls
}

function withEvents(calls: SyncVolumeCalls, emit: (event: VolumeEvent) => void): SyncVolumeCalls {
  const paths = new Map<number, string>()
  const tell = (kind: VolumeEvent['kind'], path: string, oldPath?: string): void => {
    const name = path.slice(path.lastIndexOf('/') + 1)
    emit({ kind, ino: 0, parent: 0, name, path, oldPath, origin: 'local' })
  }
  return {
    ...calls,
    open: (caller, path, flags, mode) => {
      const missing = !fs.existsSync(at(path))
      const opened = calls.open(caller, path, flags, mode)
      paths.set(opened.handle, path)
      if (missing) tell('created', path)
      return opened
    },
    write: (handle, offset, bytes) => {
      const result = calls.write(handle, offset, bytes)
      tell('modified', paths.get(handle) as string)
      return result
    },
    writeFile: (caller, path, bytes, how) => {
      const missing = !fs.existsSync(at(path))
      calls.writeFile(caller, path, bytes, how)
      if (missing) tell('created', path)
      if (!missing || bytes.byteLength > 0) tell('modified', path)
    },
    mkdir: (caller, path, mode, recursive) => {
      const made = calls.mkdir(caller, path, mode, recursive)
      tell('created', path)
      return made
    },
    unlink: (caller, path) => {
      calls.unlink(caller, path)
      tell('removed', path)
    },
    rmdir: (caller, path) => {
      calls.rmdir(caller, path)
      tell('removed', path)
    },
    rename: (caller, from, to) => {
      calls.rename(caller, from, to)
      tell('renamed', to, from)
    },
    setAttributes: (caller, path, changes, followLast) => {
      const attributes = calls.setAttributes(caller, path, changes, followLast)
      tell('attributes', path)
      return attributes
    },
  }
}
