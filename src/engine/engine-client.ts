// What a door holds: the volume's calls, asynchronous and synchronous, wherever the engine runs.

import type { VolumeCalls } from '../volume/calls.ts'
import type { Caller, VolumeEvent } from '../volume/types.ts'

/** The same calls, blocking. With `engine: 'inline'` a call that would need I/O throws ERR_BUCKETFS_SYNC_INLINE. */
export type SyncVolumeCalls = {
  readonly [K in keyof VolumeCalls]: (...args: Parameters<VolumeCalls[K]>) => Awaited<ReturnType<VolumeCalls[K]>>
}

/** A volume as one thread sees it. */
export interface EngineClient {
  readonly calls: VolumeCalls
  readonly sync: SyncVolumeCalls
  /** A result known without I/O on this thread (shared-memory cache), or undefined. Used by hot synchronous paths. */
  readonly peek: PeekCalls
  /** The process's own identity with the umask of now. */
  caller(): Caller
  /** Changes by this volume (and foreign ones it learned of). Returns the unsubscribe function. */
  subscribe(listener: (event: VolumeEvent) => void): () => void
  /** Plain-data metrics snapshot. */
  metrics(): Promise<Readonly<Record<string, unknown>>>
  /** Drains dirty data, then detaches; the last client closes the volume. Idempotent. */
  close(): Promise<void>
}

/** Answers from the shared cache only; undefined when it cannot tell. */
export interface PeekCalls {
  stat(
    caller: Caller,
    path: string,
    followLast: boolean,
  ): import('../volume/types.ts').Attributes | 'ENOENT' | undefined
  readFile(caller: Caller, path: string): Uint8Array | undefined
  /** Frozen: one listing is shared by all who ask. */
  readdir(caller: Caller, path: string): readonly import('../volume/types.ts').DirectoryEntry[] | undefined
}
