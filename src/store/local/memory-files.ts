// memfs as a FilePort. Its synchronous calls are used: no timers and no event-loop turns, so a simulation stays in
// charge of time.

import { Volume } from 'memfs'
import type { FileEntry, FileHandlePort, FilePort, FileStat } from './shelf.ts'

type MemoryVolume = InstanceType<typeof Volume>

/** A fresh, private file system with the folders `folders`. */
export function createMemoryFiles(folders: readonly string[]): FilePort {
  const volume = new Volume()
  for (const folder of folders) volume.mkdirSync(folder, { recursive: true })
  return {
    open: async (path, mode) => memoryHandle(volume, volume.openSync(path, mode === 'read' ? 'r' : 'wx')),
    readFile: async (path) => new Uint8Array(volume.readFileSync(path) as Buffer),
    readdir: async (path) =>
      (volume.readdirSync(path) as string[]).map((name): FileEntry => ({
        name,
        kind: statOf(volume, `${path}/${name}`).kind,
      })),
    stat: async (path) => statOf(volume, path),
    rename: async (from, to) => volume.renameSync(from, to),
    link: async (from, to) => volume.linkSync(from, to),
    unlink: async (path) => volume.unlinkSync(path),
    mkdir: async (path) => volume.mkdirSync(path, { recursive: true }),
    rmdir: async (path) => volume.rmdirSync(path),
    remove: async (path) => volume.rmSync(path, { recursive: true, force: true }),
    syncDirectory: async () => {},
  }
}

function memoryHandle(volume: MemoryVolume, fd: number): FileHandlePort {
  return {
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      const count = length === 0 ? 0 : volume.readSync(fd, bytes, 0, length, offset)
      return count === length ? bytes : bytes.subarray(0, count)
    },
    async write(bytes, offset) {
      volume.writeSync(fd, bytes, 0, bytes.byteLength, offset)
    },
    async sync() {},
    stat: async () => toStat(volume.fstatSync(fd)),
    close: async () => volume.closeSync(fd),
  }
}

function statOf(volume: MemoryVolume, path: string): FileStat {
  return toStat(volume.lstatSync(path))
}

interface MemoryStat {
  readonly size: number | bigint
  readonly ino: number | bigint
  readonly mtimeMs: number | bigint
  isFile(): boolean
  isDirectory(): boolean
}

function toStat(stat: MemoryStat): FileStat {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
  return {
    kind,
    size: Number(stat.size),
    ino: BigInt(stat.ino),
    mtimeNs: BigInt(Math.round(Number(stat.mtimeMs) * 1e6)),
  }
}
