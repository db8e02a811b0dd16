// The properties of the drop-in `fs.promises` as exports.

import type { NodeFs } from '../create-fs.ts'
import { fs } from './drop-in.ts'

export type * from 'node:fs/promises'

type Promises = NodeFs['promises']

/** What `bucketfs/fs/promises` is. */
export const promises: Promises = fs.promises

export const access: Promises['access'] = promises.access
export const appendFile: Promises['appendFile'] = promises.appendFile
export const chmod: Promises['chmod'] = promises.chmod
export const chown: Promises['chown'] = promises.chown
export const constants: Promises['constants'] = promises.constants
export const copyFile: Promises['copyFile'] = promises.copyFile
export const cp: Promises['cp'] = promises.cp
export const glob: Promises['glob'] = promises.glob
export const lchmod: Promises['lchmod'] = promises.lchmod
export const lchown: Promises['lchown'] = promises.lchown
export const link: Promises['link'] = promises.link
export const lstat: Promises['lstat'] = promises.lstat
export const lutimes: Promises['lutimes'] = promises.lutimes
export const mkdir: Promises['mkdir'] = promises.mkdir
export const mkdtemp: Promises['mkdtemp'] = promises.mkdtemp
export const mkdtempDisposable: Promises['mkdtempDisposable'] = promises.mkdtempDisposable
export const open: Promises['open'] = promises.open
export const opendir: Promises['opendir'] = promises.opendir
export const readdir: Promises['readdir'] = promises.readdir
export const readFile: Promises['readFile'] = promises.readFile
export const readlink: Promises['readlink'] = promises.readlink
export const realpath: Promises['realpath'] = promises.realpath
export const rename: Promises['rename'] = promises.rename
export const rm: Promises['rm'] = promises.rm
export const rmdir: Promises['rmdir'] = promises.rmdir
export const stat: Promises['stat'] = promises.stat
export const statfs: Promises['statfs'] = promises.statfs
export const symlink: Promises['symlink'] = promises.symlink
export const truncate: Promises['truncate'] = promises.truncate
export const unlink: Promises['unlink'] = promises.unlink
export const utimes: Promises['utimes'] = promises.utimes
export const watch: Promises['watch'] = promises.watch
export const writeFile: Promises['writeFile'] = promises.writeFile
