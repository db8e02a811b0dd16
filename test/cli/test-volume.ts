// The volume the command's tests run on.

import { createLocalCalls } from '../../src/cli/places/local-calls.ts'
import type { OpenVolume } from '../../src/cli/places/places.ts'
import type { OpenOptions } from '../../src/cli/program.ts'
import type { FileCalls } from '../../src/cli/places/file-calls.ts'
import type { Caller } from '../../src/volume/types.ts'

export async function openTestVolume(url: string, _options: OpenOptions): Promise<OpenVolume> {
  const root = url.replace('file://', '')
  const calls = createLocalCalls()
  const rooted = Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      name,
      (first: Caller | number, ...rest: unknown[]) => {
        const paths = name === 'rename' || name === 'copyFile' ? 2 : typeof first === 'number' ? 0 : 1
        const at = name === 'symlink' ? 1 : 0
        const args = rest.map((arg, i) => (i >= at && i < at + paths ? root + String(arg) : arg))
        return (call as (...all: unknown[]) => unknown)(first, ...args)
      },
    ]),
  ) as unknown as FileCalls
  return {
    calls: rooted,
    caller: () => ({ uid: 0, gid: 0, groups: [], umask: 0 }),
    metrics: async () => ({}),
    close: async () => undefined,
  }
}
