// A folder in memory with the LocalFiles interface: room that ends, bits that rot, a disk that refuses.

import type { LocalFile, LocalFiles } from '../../src/volume/local-files.ts'

export interface MemoryFolder extends LocalFiles {
  /** Contents by name; tests may change them. */
  readonly contents: Map<string, Uint8Array>
  readonly bytes: number
  /** Most bytes it ever held. */
  readonly peak: number
  /** ENOSPC above it. */
  bytesMax: number
  /** Every write fails with this code. */
  writeFault: string | undefined
  readFault: string | undefined
  openCount: number
}

export function createMemoryFolder(): MemoryFolder {
  const contents = new Map<string, Uint8Array>()
  let peak = 0
  const failing = (code: string): Error => Object.assign(new Error(`planted: ${code}`), { code })
  const total = (): number => [...contents.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const resize = (name: string, size: number): Uint8Array => {
    const old = contents.get(name) ?? new Uint8Array(0)
    if (folder.writeFault) throw failing(folder.writeFault)
    if (total() - old.byteLength + size > folder.bytesMax) throw failing('ENOSPC')
    const grown = new Uint8Array(size)
    grown.set(old.subarray(0, size))
    contents.set(name, grown)
    peak = Math.max(peak, total())
    return grown
  }
  const fileOf = (name: string): LocalFile => ({
    async read(offset, length) {
      if (folder.readFault) throw failing(folder.readFault)
      return (contents.get(name) ?? new Uint8Array(0)).slice(offset, offset + length)
    },
    async write(offset, bytes) {
      const old = contents.get(name)?.byteLength ?? 0
      resize(name, Math.max(old, offset + bytes.byteLength)).set(bytes, offset)
    },
    size: async () => contents.get(name)?.byteLength ?? 0,
    async truncate(size) {
      resize(name, size)
    },
    sync: async () => {},
    async close() {
      folder.openCount--
    },
  })
  const folder: MemoryFolder = {
    contents,
    bytesMax: Number.POSITIVE_INFINITY,
    writeFault: undefined,
    readFault: undefined,
    openCount: 0,
    get bytes() {
      return total()
    },
    get peak() {
      return peak
    },
    async open(name) {
      if (!contents.has(name)) resize(name, 0)
      folder.openCount++
      return fileOf(name)
    },
    list: async () => [...contents.keys()].toSorted(),
    async remove(name) {
      contents.delete(name)
    },
    async rename(from, to) {
      contents.set(to, contents.get(from) as Uint8Array)
      contents.delete(from)
    },
    syncNames: async () => {},
  }
  return folder
}
