// One watched file or directory, and which of the volume's events it shows as what. Read this first; `fs-watcher.ts`,
// `watch-iterator.ts` and `stat-watcher.ts` are the three faces Node has for it.
//
// The words are inotify's as libuv passes them on: 'change' for contents and attributes, 'rename' for names that come,
// go or move. A watched path that is renamed is followed. Names are relative to the watched directory.

import { posix } from 'node:path'
import type { Name, VolumeEvent } from '../../volume/types.ts'
import { encodeName } from '../validate/path.ts'
import type { NameEncoding } from '../validate/path.ts'

export interface WatchEvent {
  readonly eventType: 'rename' | 'change'
  readonly filename: string | Buffer
}

export interface WatchOptions {
  readonly persistent: boolean
  readonly recursive: boolean
  readonly encoding: NameEncoding
  /** True for names that are not to be told. */
  readonly ignores: ((name: string) => boolean) | undefined
}

export class WatchTarget {
  readonly #options: WatchOptions
  #path: string

  /** `path` is real: no symlinks, no trailing slash. */
  constructor(path: string, options: WatchOptions) {
    this.#path = path
    this.#options = options
  }

  /** What a change of the volume means here; mostly nothing. */
  see(event: VolumeEvent): WatchEvent[] {
    const eventType = event.kind === 'modified' || event.kind === 'attributes' ? 'change' : 'rename'
    const names = event.oldPath === undefined ? [event.path] : [event.oldPath, event.path]
    const seen = names.flatMap((path) => {
      const name = this.#nameOf(path)
      if (name === undefined || this.#options.ignores?.(name)) return []
      return [{ eventType, filename: encodeName(name, this.#options.encoding) } as const]
    })
    this.#follow(event)
    return seen
  }

  #nameOf(path: string): Name | undefined {
    if (path === this.#path) return posix.basename(path)
    const base = this.#path === '/' ? '/' : `${this.#path}/`
    if (!path.startsWith(base)) return undefined
    const name = path.slice(base.length)
    return this.#options.recursive || !name.includes('/') ? name : undefined
  }

  #follow({ kind, path, oldPath }: VolumeEvent): void {
    if (kind !== 'renamed' || oldPath === undefined) return
    if (this.#path === oldPath) this.#path = path
    else if (this.#path.startsWith(`${oldPath}/`)) this.#path = path + this.#path.slice(oldPath.length)
  }
}
