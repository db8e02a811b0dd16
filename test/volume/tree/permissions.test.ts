import { describe, expect, it } from 'vitest'
import { hasAccess, mayDelete, mayExecute, mayRead, mayWrite } from '../../../src/volume/tree/permissions.ts'
import type { Caller } from '../../../src/volume/types.ts'

const caller = (uid: number, gid: number, ...groups: number[]): Caller => ({ uid, gid, groups, umask: 0 })
const owned = (mode: number, uid = 1, gid = 2): { mode: number; uid: number; gid: number } => ({ mode, uid, gid })

describe('permission', () => {
  it.each([
    ['the owner’s class alone decides for the owner', owned(0o100077), caller(1, 2), mayRead, false],
    ['the group’s class alone decides for members', owned(0o100707), caller(9, 2), mayRead, false],
    ['supplementary groups count', owned(0o100040), caller(9, 9, 2), mayRead, true],
    ['others have the rest', owned(0o100004), caller(9, 9), mayRead, true],
    ['every right of the mask is needed', owned(0o100600), caller(1, 2), mayRead | mayExecute, false],
    ['root reads and writes everything', owned(0o100000), caller(0, 0), mayRead | mayWrite, true],
    ['root runs no file without any x', owned(0o100666), caller(0, 0), mayExecute, false],
    ['root runs a file with one x', owned(0o100001), caller(0, 0), mayExecute, true],
    ['root searches every directory', owned(0o040000), caller(0, 0), mayExecute, true],
    ['nothing asked is nothing refused', owned(0o100000), caller(9, 9), 0, true],
    ['symlinks have none', owned(0o120000), caller(9, 9), mayRead, true],
  ])('%s', (_, attributes, who, mask, allowed) => {
    expect(hasAccess(attributes, who, mask)).toBe(allowed)
  })
})

describe('removing a name', () => {
  it('needs write and search permission on the directory', () => {
    expect(() => mayDelete(owned(0o040755), owned(0o100644, 9), caller(9, 9))).toThrowError(/EACCES/)
    expect(() => mayDelete(owned(0o040777), owned(0o100644, 1), caller(9, 9))).not.toThrow()
  })

  it('in a sticky directory needs the file or the directory to be one’s own', () => {
    expect(() => mayDelete(owned(0o041777), owned(0o100644, 5), caller(9, 9))).toThrowError(/EPERM/)
    expect(() => mayDelete(owned(0o041777), owned(0o100644, 9), caller(9, 9))).not.toThrow()
    expect(() => mayDelete(owned(0o041777, 9), owned(0o100644, 5), caller(9, 9))).not.toThrow()
    expect(() => mayDelete(owned(0o041777), owned(0o100644, 5), caller(0, 0))).not.toThrow()
  })
})
