// node:fs as a FilePort.

import { constants, type BigIntStats, type Dirent } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { FileEntry, FileHandlePort, FilePort, FileStat } from '../shelf.ts'

export const diskFiles: FilePort = {
  // Never through a link: a link is no object, and must not lead out of the root.
  open: async (path, mode) =>
    diskHandle(
      await fs.open(
        path,
        constants.O_NOFOLLOW |
          (mode === 'read' ? constants.O_RDONLY : constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL),
      ),
    ),
  readFile: (path) => fs.readFile(path),
  readdir: async (path) => (await fs.readdir(path, { withFileTypes: true })).map(toEntry),
  stat: async (path) => toStat(await fs.lstat(path, { bigint: true })),
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  unlink: (path) => fs.unlink(path),
  mkdir: (path) => fs.mkdir(path, { recursive: true }),
  rmdir: (path) => fs.rmdir(path),
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  async syncDirectory(path) {
    const handle = await fs.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

function diskHandle(handle: fs.FileHandle): FileHandlePort {
  return {
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done === length ? bytes : bytes.subarray(0, done)
    },
    async write(bytes, offset) {
      for (let done = 0; done < bytes.byteLength;) {
        done += (await handle.write(bytes, done, bytes.byteLength - done, offset + done)).bytesWritten
      }
    },
    sync: () => handle.sync(),
    stat: async () => toStat(await handle.stat({ bigint: true })),
    close: () => handle.close(),
  }
}

function toEntry(entry: Dirent): FileEntry {
  return { name: entry.name, kind: entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : 'other' }
}

function toStat(stat: BigIntStats): FileStat {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
  return { kind, size: Number(stat.size), ino: stat.ino, mtimeNs: stat.mtimeNs }
}
