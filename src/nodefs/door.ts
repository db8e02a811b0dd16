// What every operation of one `fs` object shares: the engine client, the open files, where relative paths start.

import type { EngineClient } from '../engine/engine-client.ts'
import type { Caller } from '../volume/types.ts'
import { FdTable } from './fd-table.ts'
import { runAsync, runSync } from './task.ts'
import type { Task } from './task.ts'
import { checkPath } from './validate/path.ts'
import type { GivenPath } from './validate/path.ts'

export interface FsOptions {
  /** Where relative paths start; `process.cwd()` at each call by default. */
  readonly cwd?: string | (() => string) | undefined
  /** `st_dev` of everything here. */
  readonly dev?: number | undefined
}

/** 'bfs': a device number no kernel gives to a disk. */
const devDefault = 0x62_66_73

/** How an operation was asked for. Few look: Node's forms differ in places. */
export type Form = 'sync' | 'callback' | 'promise'

/** Parses arguments (throwing Node's errors), then gives the work to be run. */
export type Operation = (door: Door, args: readonly unknown[], form: Form) => Task<unknown>

export class Door {
  readonly client: EngineClient
  readonly files: FdTable = new FdTable()
  readonly cwd: () => string
  readonly dev: number

  constructor(client: EngineClient, options: FsOptions) {
    const { cwd } = options
    this.client = client
    this.cwd = typeof cwd === 'string' ? () => cwd : (cwd ?? (() => process.cwd()))
    this.dev = options.dev ?? devDefault
  }

  path(value: unknown, name = 'path'): GivenPath {
    return checkPath(value, name, this.cwd)
  }

  /** Who calls: identity and umask of now, read on this thread. */
  caller(signal?: AbortSignal): Caller {
    const caller = this.client.caller()
    return signal === undefined ? caller : { ...caller, signal }
  }

  runSync<T>(task: Task<T>): T {
    return runSync(this.client.sync, task)
  }

  runAsync<T>(task: Task<T>): Promise<T> {
    return runAsync(this.client.calls, task)
  }
}
