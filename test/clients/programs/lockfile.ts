// proper-lockfile: a lock is exclusive, found stale when its owner stopped touching it, and gone after release.

import { join } from 'node:path'
import { check, lock, unlock, type LockOptions } from 'proper-lockfile'
import type { Program } from './program.ts'

export const lockfileProgram: Program = {
  name: 'proper-lockfile',
  async run(fs, root) {
    const file = join(root, 'shared.db')
    await fs.promises.writeFile(file, '')
    const options: LockOptions = { fs, stale: 5000, update: 1000, realpath: true }
    const codeOf = (attempt: Promise<unknown>): Promise<string> =>
      attempt.then(
        () => 'none',
        (error: NodeJS.ErrnoException) => String(error.code),
      )
    const release = await lock(file, options)
    const locked = await check(file, options)
    const second = await codeOf(lock(file, options))
    await release()
    const released = await check(file, options)
    const again = await codeOf(release())
    // A lock whose owner died a minute ago.
    await fs.promises.mkdir(`${file}.lock`)
    const old = new Date(Date.now() - 60_000)
    await fs.promises.utimes(`${file}.lock`, old, old)
    const stale = await check(file, options)
    const taken = await codeOf(lock(file, options))
    await unlock(file, options)
    const racers = await Promise.all(Array.from({ length: 5 }, () => codeOf(lock(file, options))))
    await unlock(file, options)
    const missing = await codeOf(lock(join(root, 'missing'), options))
    const left = await fs.promises.readdir(root)
    return { locked, second, released, again, stale, taken, racers: racers.toSorted(), missing, left }
  },
}
