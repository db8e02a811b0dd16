// A home of its own for every test: state, caches and kept probes of volumes never meet those of the user or another test.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

export interface TestHome {
  readonly path: string
  readonly stateHome: string
  readonly cacheHome: string
  /** A file the logger of engine-modules.mjs writes to, and what it wrote. */
  readonly logFile: string
  logged(): readonly {
    readonly level: string
    readonly message: string
    readonly fields?: Readonly<Record<string, unknown>>
  }[]
}

/** Replaced before each test; the environment points to it. */
export function useTestHome(): { current: TestHome } {
  const holder = { current: undefined as unknown as TestHome }
  const saved: Record<string, string | undefined> = {}
  beforeEach(() => {
    const path = mkdtempSync(join(tmpdir(), 'bucketfs-home-'))
    const logFile = join(path, 'log')
    holder.current = {
      path,
      stateHome: join(path, 'state'),
      cacheHome: join(path, 'cache'),
      logFile,
      logged: () =>
        existsSync(logFile)
          ? readFileSync(logFile, 'utf8')
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line) as never)
          : [],
    }
    for (const [name, value] of [
      ['XDG_STATE_HOME', holder.current.stateHome],
      ['XDG_CACHE_HOME', holder.current.cacheHome],
    ] as const) {
      saved[name] = process.env[name]
      process.env[name] = value
    }
  })
  afterEach(() => {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    rmSync(holder.current.path, { recursive: true, force: true })
  })
  return holder
}

export const modulesUrl: string = new URL('./engine-modules.mjs', import.meta.url).href
