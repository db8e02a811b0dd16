// What goes into the shared cache, and when it is void. Runs in the engine's thread.
//
// Published are results of the process's own caller only: a thread reads them without a permission check, which is
// right for exactly those rights. A result is published only if nothing changed since its call began (`mark`), and is
// believed as long as the volume itself would believe it without asking the bucket.
//
// Void before a change is acknowledged: by inode what the change touches, since one file may be known by many paths
// (symlinks, '..'); by generation everything, when a directory or symlink that may be part of any path is concerned.

import type { Clock } from '../../base/clock.ts'
import { isVolumeError } from '../../base/errors.ts'
import type { Attributes, Caller, DirectoryEntry, HandleId, Ino, VolumeEvent } from '../../volume/types.ts'
import { O_ACCMODE, O_CREAT, O_RDONLY, O_TRUNC } from '../../volume/types.ts'
import type { OpenedFile } from '../../volume/calls.ts'
import type { Volume } from '../../volume/volume.ts'
import type { Publisher } from '../rpc/call-server.ts'
import type { CallName } from '../rpc/call-names.ts'
import { Encoder } from '../rpc/encoder.ts'
import type { CacheHint } from '../rpc/messages.ts'
import { CacheWriter } from './cache-writer.ts'
import { contentsBytesMax } from './layout.ts'

export interface CachePublisherParts {
  readonly memory: SharedArrayBuffer
  /** For whose rights results are published. */
  readonly owner: Caller
}

export class CachePublisher implements Publisher {
  readonly #writer: CacheWriter
  readonly #owner: Caller
  readonly #encoder = new Encoder()
  /** Handles that may have changed their file. */
  readonly #writers = new Map<HandleId, Ino>()
  #volume: Volume | undefined
  #clock: Clock | undefined
  #changeCount = 0

  constructor({ memory, owner }: CachePublisherParts) {
    this.#writer = new CacheWriter(memory)
    this.#owner = owner
  }

  /** From here on results of `volume`, whose times are those of `clock`, are published. */
  serve(volume: Volume, clock: Clock): void {
    this.#volume = volume
    this.#clock = clock
    volume.subscribe((event) => this.#onEvent(event))
  }

  mark(): number {
    return this.#changeCount
  }

  publish(name: CallName, args: readonly unknown[], value: unknown, mark: number): CacheHint | undefined {
    const volume = this.#volume
    if (!volume || mark !== this.#changeCount || !this.#isOwner(args[0] as Caller)) return undefined
    const path = args[1] as string
    if (name === 'stat') return this.#publishStat(volume, path, args[2] as boolean, value)
    if (value instanceof Error) return undefined
    if (name === 'readFile') return this.#publishFile(volume, path, value as Uint8Array)
    return this.#publishListing(volume, path, value as readonly DirectoryEntry[])
  }

  changed(name: CallName, args: readonly unknown[], value: unknown): void {
    switch (name) {
      case 'open':
        return this.#opened(args, value as OpenedFile | undefined)
      case 'write':
      case 'fsync':
      case 'close':
        return this.#handleChanged(args[0] as HandleId, name === 'close')
      case 'setHandleAttributes':
        return this.#handleChanged(args[1] as HandleId, false)
      case 'sync':
        return
      default:
        this.#changeCount++
        return this.#namesChanged(name, args, value)
    }
  }

  #namesChanged(name: CallName, args: readonly unknown[], value: unknown): void {
    switch (name) {
      case 'rename':
      case 'remove':
      case 'rmdir':
        return this.#writer.bumpNames()
      case 'setAttributes':
        if ((value as Attributes | undefined)?.type === 'directory') this.#writer.bumpNames()
        break
      case 'mkdir':
      case 'mkdtemp':
      case 'mknod':
        this.#writer.bumpAbsences()
        break
      case 'link':
      case 'symlink':
      case 'copyFile':
        this.#writer.bumpAbsences()
        this.#pathChanged(args[2] as string)
        break
      default:
    }
    this.#pathChanged(args[1] as string)
  }

  #publishStat(volume: Volume, path: string, followLast: boolean, value: unknown): CacheHint | undefined {
    if (value instanceof Error) {
      if (!isVolumeError(value, 'ENOENT')) return undefined
      const cached = volume.cachedPath?.(path, followLast)
      const expiryMs = cached?.ino === null ? this.#expiryMs(cached.untilMs, volume.settings.negativeTtlMs) : undefined
      if (expiryMs === undefined) return undefined
      this.#writer.dropPath(path)
      return { attributes: this.#writer.putMissing(path, followLast, expiryMs) }
    }
    const attributes = value as Attributes
    const cached = volume.cachedPath?.(path, followLast)
    // Through symlinks a path is trusted no longer than each of them.
    const untilMs = cached?.ino === attributes.ino ? cached.untilMs : volume.trustedUntilMs(attributes.ino)
    const expiryMs = this.#expiryMs(untilMs, volume.settings.attributesTtlMs)
    if (expiryMs === undefined) return undefined
    return { attributes: this.#writer.putAttributes(path, followLast, attributes, expiryMs) }
  }

  #publishFile(volume: Volume, path: string, bytes: Uint8Array): CacheHint | undefined {
    if (bytes.byteLength > contentsBytesMax) return undefined
    const cached = volume.cachedPath?.(path, true)
    const expiryMs =
      cached && typeof cached.ino === 'number'
        ? this.#expiryMs(cached.untilMs, volume.settings.attributesTtlMs)
        : undefined
    if (expiryMs === undefined) return undefined
    return { contents: this.#writer.putContents('file', path, cached?.ino as Ino, [bytes], expiryMs) }
  }

  #publishListing(volume: Volume, path: string, entries: readonly DirectoryEntry[]): CacheHint | undefined {
    // Names only, some of whose types are not known: no answer to those who want types.
    if (entries.some(({ ino }) => ino === 0)) return undefined
    const cached = volume.cachedPath?.(path, true)
    const expiryMs =
      cached && typeof cached.ino === 'number'
        ? this.#expiryMs(cached.listedUntilMs, volume.settings.listingTtlMs)
        : undefined
    if (expiryMs === undefined) return undefined
    const pieces = this.#encoder.encode(entries)
    return { contents: this.#writer.putContents('listing', path, cached?.ino as Ino, pieces, expiryMs) }
  }

  /**
   * From the volume's clock to the one all threads share; undefined when it is past. What is locally changed is trusted for
   * ever by the volume, but for a TTL only here: nobody tells us when it has been written back and others may change it.
   */
  #expiryMs(untilMs: number, ttlMs: number): number | undefined {
    const restMs = Math.min(ttlMs, untilMs - (this.#clock?.monotonicMs() ?? Infinity))
    return restMs > 0 ? Number(process.hrtime.bigint()) / 1e6 + restMs : undefined
  }

  #isOwner(caller: Caller): boolean {
    const owner = this.#owner
    if (caller.uid !== owner.uid || caller.gid !== owner.gid || caller.groups.length !== owner.groups.length)
      return false
    return caller.groups.every((group, i) => group === owner.groups[i])
  }

  #onEvent(event: VolumeEvent): void {
    this.#changeCount++
    const type = this.#writer.typeOf(event.ino)
    this.#writer.dropIno(event.ino)
    if (event.kind === 'modified') return
    this.#writer.dropIno(event.parent)
    if (event.kind === 'created') return this.#writer.bumpAbsences()
    // A path may lead through anything that is not known to be a plain file.
    if (event.kind === 'renamed' || type !== 'file') this.#writer.bumpNames()
  }

  #opened(args: readonly unknown[], opened: OpenedFile | undefined): void {
    const flags = args[2] as number
    if ((flags & (O_CREAT | O_TRUNC)) !== 0) {
      this.#changeCount++
      this.#pathChanged(args[1] as string)
      if (opened) this.#writer.dropIno(opened.attributes.ino)
    }
    if (opened && (flags & O_ACCMODE) !== O_RDONLY) this.#writers.set(opened.handle, opened.attributes.ino)
  }

  #handleChanged(handle: HandleId, closed: boolean): void {
    const ino = this.#writers.get(handle)
    if (ino === undefined) return
    this.#changeCount++
    this.#writer.dropIno(ino)
    if (closed) this.#writers.delete(handle)
  }

  /** What was cached of exactly this path, and of the directory it is in; other paths to it are the events' part. */
  #pathChanged(path: string): void {
    const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    this.#writer.dropPath(path)
    if (bare !== path) this.#writer.dropPath(bare)
    this.#writer.dropPath(bare.slice(0, Math.max(1, bare.lastIndexOf('/'))))
  }
}
