// The places of one run of the command: each volume is opened once, on first use, and closed at the end, which is when
// everything written is in the bucket. A failure to close is a failure of the command.

import type { ObjectStore } from '../../store/store.ts'
import type { VolumeCalls } from '../../volume/calls.ts'
import type { Caller } from '../../volume/types.ts'
import type { FileCalls } from './file-calls.ts'
import { createLocalCalls } from './local-calls.ts'
import { parsePlace, queryOf } from './place.ts'

/** A file or directory that may or may not be there. */
export interface Place {
  readonly calls: FileCalls
  readonly caller: Caller
  readonly path: string
  /** As the user named it; for messages. */
  readonly shown: string
  /** The volume's URL; undefined for the local disk. */
  readonly url: string | undefined
}

/** What a volume must bring to be a place. */
export interface OpenVolume {
  readonly calls: FileCalls & Pick<VolumeCalls, 'sync'>
  caller(): Caller
  metrics(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

export interface Bill {
  readonly requests: number
  readonly bytesUp: number
  readonly bytesDown: number
}

export type VolumeOpener = (url: string) => Promise<OpenVolume>

/** The bucket below a volume, for `doctor`; keys are the volume's own. */
export type BucketOpener = (url: string) => Promise<ObjectStore>

/** Most volumes one command line may name. */
const volumesMax = 100

export class Places {
  readonly #open: VolumeOpener
  readonly #openBucket: BucketOpener
  readonly #volumes = new Map<string, Promise<OpenVolume>>()
  readonly #local: FileCalls = createLocalCalls()

  constructor(open: VolumeOpener, openBucket: BucketOpener) {
    this.#open = open
    this.#openBucket = openBucket
  }

  /** The bucket below the volume of `place`; the caller closes it. */
  bucketOf(place: Place): Promise<ObjectStore> {
    if (place.url === undefined) throw new TypeError('the local disk has no bucket')
    return this.#openBucket(place.url)
  }

  async at(text: string): Promise<Place> {
    const name = parsePlace(text)
    if (name.kind === 'local')
      return { calls: this.#local, caller: localCaller, path: name.path, shown: name.shown, url: undefined }
    const volume = await this.#volume(name.url)
    return { calls: volume.calls, caller: volume.caller(), path: name.path, shown: name.shown, url: name.url }
  }

  /** What was asked of buckets so far, over all volumes. */
  async bill(): Promise<Bill> {
    const bill = { requests: 0, bytesUp: 0, bytesDown: 0 }
    for (const opened of await Promise.allSettled(this.#volumes.values())) {
      if (opened.status === 'rejected') continue
      const { store } = (await opened.value.metrics()) as { store?: Bill }
      bill.requests += store?.requests ?? 0
      bill.bytesUp += store?.bytesUp ?? 0
      bill.bytesDown += store?.bytesDown ?? 0
    }
    return bill
  }

  /** Returns when everything written is in its bucket. */
  async sync(): Promise<void> {
    for (const opened of await Promise.allSettled(this.#volumes.values()))
      if (opened.status === 'fulfilled') await opened.value.calls.sync()
  }

  /** Drains and closes every volume that was opened; rejects with the first failure after all were tried. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#volumes.values())
    const closed = await Promise.allSettled(
      opened.map(async (result) => (result.status === 'fulfilled' ? result.value.close() : undefined)),
    )
    this.#volumes.clear()
    const failed = closed.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }

  #volume(url: string): Promise<OpenVolume> {
    let volume = this.#volumes.get(url)
    if (!volume) {
      if (this.#volumes.size >= volumesMax) throw new RangeError(`more than ${volumesMax} volumes in one command`)
      volume = this.#open(url)
      this.#volumes.set(url, volume)
    }
    return volume
  }
}

const localCaller: Caller = { uid: 0, gid: 0, groups: [], umask: 0 }

/** `name` below a directory. */
export function below(place: Place, name: string): Place {
  const join = (folder: string): string => (folder.endsWith('/') ? folder + name : `${folder}/${name}`)
  return { ...place, path: join(place.path), shown: join(withoutQuery(place.shown)) }
}

/** The last name of a path; '' for a root. */
export function lastName(place: Place): string {
  const names = place.path.split('/').filter((name) => name !== '' && name !== '.')
  return names.at(-1) ?? ''
}

/** The directory that holds a place. */
export function parentOf(place: Place): Place {
  const path = place.path.replace(/\/+$/, '')
  const at = path.lastIndexOf('/')
  const folder = at > 0 ? path.slice(0, at) : at === 0 ? '/' : '.'
  return { ...place, path: folder, shown: folder }
}

function withoutQuery(shown: string): string {
  return /^[a-z0-9]+:/.test(shown) ? shown.slice(0, shown.length - queryOf(shown).length) : shown
}
