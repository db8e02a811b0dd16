// The local disk by the volume's calls. Names are byte-exact both ways (format/name.ts). A file written here appears
// whole or not at all where `writeFile` is used; streamed files are the business of `transfer/`.

import fs from 'node:fs/promises'
import { constants, type BigIntStats, type Dirent } from 'node:fs'
import { bytesOfName, nameOfBytes } from '../../format/name.ts'
import type { DirectoryEntryWithAttributes, WalkEntry, WalkPage } from '../../volume/calls.ts'
import { typeOfMode, type AttributeChanges, type Attributes, type FileType } from '../../volume/types.ts'
import type { FileCalls } from './file-calls.ts'

const pageEntriesMax = 1000
/** Directories a walk may have still to visit. */
const pendingDirectoriesMax = 10_000_000

/** A set of calls with its own file handles and walks. */
export function createLocalCalls(): FileCalls {
  return { ...nameCalls, ...handleCalls(), walk: walks() }
}

const nameCalls = {
  stat: async (_caller, path, followLast) => attributesOf(await statOf(path, followLast)),
  readlink: async (_caller, path) => nameOfBytes(await fs.readlink(bytes(path), { encoding: 'buffer' })),
  readdir: async (_caller, path) => {
    const entries = await entriesOf(path)
    return entries.map((entry) => ({ name: nameOfBytes(entry.name), ino: 0, type: typeOfEntry(entry) }))
  },
  readdirAttributes: (_caller, path) => entriesWithAttributes(path),
  mkdir: async (_caller, path, mode, recursive) => (await fs.mkdir(pathText(path), { mode, recursive })) ?? null,
  unlink: (_caller, path) => fs.unlink(bytes(path)),
  remove: (_caller, path, options) => fs.rm(pathText(path), options),
  rename: (_caller, from, to) => fs.rename(bytes(from), bytes(to)),
  symlink: (_caller, target, path) => fs.symlink(Buffer.from(bytesOfName(target)), bytes(path)),
  setAttributes: async (_caller, path, changes, followLast) => {
    await setAttributes(path, changes, followLast)
    return attributesOf(await statOf(path, followLast))
  },
  copyFile: (_caller, from, to, exclusive) =>
    fs.copyFile(bytes(from), bytes(to), exclusive ? constants.COPYFILE_EXCL : 0),
  readFile: (_caller, path) => fs.readFile(bytes(path)),
  writeFile: (_caller, path, data, { flags, mode }) => fs.writeFile(bytes(path), data, { flag: flags as never, mode }),
} satisfies Partial<FileCalls>

function handleCalls(): Pick<FileCalls, 'open' | 'read' | 'write' | 'close'> {
  const handles = new Map<number, fs.FileHandle>()
  const handleOf = (handle: number): fs.FileHandle => {
    const found = handles.get(handle)
    if (!found) throw Object.assign(new Error('EBADF: the file is closed'), { code: 'EBADF' })
    return found
  }
  return {
    open: async (_caller, path, flags, mode) => {
      const handle = await fs.open(bytes(path), flags, mode)
      handles.set(handle.fd, handle)
      return { handle: handle.fd, attributes: attributesOf(await handle.stat({ bigint: true })) }
    },
    read: async (handle, offset, length) => {
      const buffer = Buffer.allocUnsafe(length)
      const { bytesRead } = await handleOf(handle).read(buffer, 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
    write: async (handle, offset, data) => {
      for (let done = 0; done < data.length;)
        done += (await handleOf(handle).write(data, done, data.length - done, offset + done)).bytesWritten
      return offset
    },
    close: async (handle) => {
      const found = handleOf(handle)
      handles.delete(handle)
      await found.close()
    },
  }
}

/** Pages of a depth-first walk; a cursor names a walk still in progress and is good once. */
function walks(): FileCalls['walk'] {
  const pending = new Map<string, AsyncGenerator<WalkEntry>>()
  let count = 0
  return async (_caller, path, cursor): Promise<WalkPage> => {
    const walk = cursor === undefined ? walkBelow(path) : pending.get(cursor)
    if (!walk) throw Object.assign(new Error('EINVAL: no such walk'), { code: 'EINVAL' })
    if (cursor !== undefined) pending.delete(cursor)
    const entries: WalkEntry[] = []
    while (entries.length < pageEntriesMax) {
      const next = await walk.next()
      if (next.done) return { entries }
      entries.push(next.value)
    }
    const key = String(++count)
    pending.set(key, walk)
    return { entries, cursor: key }
  }
}

async function* walkBelow(root: string): AsyncGenerator<WalkEntry> {
  const todo = ['']
  while (todo.length > 0) {
    if (todo.length > pendingDirectoriesMax) throw new RangeError('too many directories to walk')
    const folder = todo.pop() as string
    for (const entry of await entriesWithAttributes(folder === '' ? root : join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      const { type, size, mtimeNs } = entry.attributes
      yield { path, type, size, mtimeNs }
      if (type === 'directory') todo.push(path)
    }
  }
}

function join(folder: string, name: string): string {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}

function bytes(path: string): Buffer {
  return Buffer.from(bytesOfName(path))
}

/** Node's recursive calls take text only; a path that is no UTF-8 cannot be given to them. */
function pathText(path: string): string {
  const buffer = bytes(path)
  const text = buffer.toString()
  if (Buffer.compare(Buffer.from(text), buffer) !== 0)
    throw Object.assign(new Error('EILSEQ: Node cannot do this to a name that is not UTF-8'), { code: 'EILSEQ' })
  return text
}

async function statOf(path: string, followLast: boolean): Promise<BigIntStats> {
  return followLast ? fs.stat(bytes(path), { bigint: true }) : fs.lstat(bytes(path), { bigint: true })
}

async function entriesOf(path: string): Promise<Dirent<Buffer>[]> {
  const entries = await fs.readdir(bytes(path), { encoding: 'buffer', withFileTypes: true })
  return entries.sort((a, b) => Buffer.compare(a.name, b.name))
}

async function entriesWithAttributes(path: string): Promise<DirectoryEntryWithAttributes[]> {
  const entries = await entriesOf(path)
  return Promise.all(
    entries.map(async (entry) => {
      const name = nameOfBytes(entry.name)
      const attributes = attributesOf(await statOf(join(path, name), false))
      return { name, ino: attributes.ino, type: attributes.type, attributes }
    }),
  )
}

function typeOfEntry(entry: Dirent<Buffer>): FileType {
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'symlink'
  if (entry.isFIFO()) return 'fifo'
  if (entry.isSocket()) return 'socket'
  if (entry.isCharacterDevice()) return 'character'
  return entry.isBlockDevice() ? 'block' : 'file'
}

function attributesOf(stats: BigIntStats): Attributes {
  const mode = Number(stats.mode)
  return {
    ino: Number(stats.ino),
    type: typeOfMode(mode),
    mode,
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

async function setAttributes(path: string, changes: AttributeChanges, followLast: boolean): Promise<void> {
  const { mode, uid, gid, size, atimeNs, mtimeNs } = changes
  const at = bytes(path)
  const now = await statOf(path, followLast)
  if (size !== undefined) await fs.truncate(at, size)
  if (uid !== undefined || gid !== undefined)
    await (followLast ? fs.chown : fs.lchown)(at, uid ?? Number(now.uid), gid ?? Number(now.gid))
  if (mode !== undefined) await fs.chmod(at, mode)
  if (atimeNs === undefined && mtimeNs === undefined) return
  const utimes = followLast ? fs.utimes : fs.lutimes
  await utimes(at, seconds(atimeNs ?? now.atimeNs), seconds(mtimeNs ?? now.mtimeNs))
}

function seconds(ns: bigint | 'now'): number {
  return ns === 'now' ? Date.now() / 1000 : Number(ns) / 1e9
}
