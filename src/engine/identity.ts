// Who this process is to a volume: effective ids, as the kernel checks them, and the umask of the moment.

import type { Caller } from '../volume/types.ts'

let last: Caller | undefined

/**
 * The process's own caller. The same object as long as the ids stay, so that it costs next to nothing; its umask is read
 * when it is used.
 */
export function processCaller(): Caller {
  const uid = process.geteuid?.() ?? 0
  const gid = process.getegid?.() ?? 0
  if (last?.uid !== uid || last.gid !== gid) last = createCaller(uid, gid)
  return last
}

function createCaller(uid: number, gid: number): Caller {
  return Object.freeze({
    uid,
    gid,
    groups: Object.freeze(process.getgroups?.() ?? []),
    get umask() {
      return process.umask()
    },
  })
}
