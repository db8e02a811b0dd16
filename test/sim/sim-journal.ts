// The journal's disk as one process sees it: the machine may die before and after each write, sync and removal, and a dead
// process changes nothing any more.

import type { LocalFile, LocalFiles } from '../../src/volume/local-files.ts'

export function connectDisk(disk: LocalFiles, isAlive: () => boolean, onEvent: () => void): LocalFiles {
  const check = (): void => {
    if (!isAlive()) throw Object.assign(new Error('EIO: the process is dead'), { code: 'EIO' })
  }
  const at = async <T>(run: () => Promise<T>): Promise<T> => {
    onEvent()
    check()
    const result = await run()
    onEvent()
    check()
    return result
  }
  const connected = (file: LocalFile): LocalFile => ({
    read: (offset, length) => file.read(offset, length),
    size: () => file.size(),
    write: (offset, bytes) => at(() => file.write(offset, bytes)),
    truncate: (size) => at(() => file.truncate(size)),
    sync: () => at(() => file.sync()),
    close: () => file.close(),
  })
  return {
    list: () => disk.list(),
    open: async (name) => {
      check()
      return connected(await disk.open(name))
    },
    remove: (name) => at(() => disk.remove(name)),
    rename: (from, to) => at(() => disk.rename(from, to)),
    syncNames: () => at(() => disk.syncNames()),
  }
}
