// The table of operations that have all three forms, or two where a descriptor is asked for. Argument counts are Node's.

import type { Definition } from './define.ts'
import { cp } from './cp/copy-tree.ts'
import { opendir } from './directory/dir.ts'
import * as attributes from './operations/attributes.ts'
import * as descriptors from './operations/descriptors.ts'
import * as names from './operations/names.ts'
import { readdir } from './operations/readdir.ts'
import { realpath, realpathNative } from './operations/realpath.ts'
import { rm, rmdir } from './operations/remove.ts'
import * as whole from './operations/whole-file.ts'

/** By path: callback, Sync and promise. */
export const pathOperations: readonly Definition[] = [
  { name: 'access', operation: attributes.access, required: 1, arity: 3 },
  { name: 'appendFile', operation: whole.appendFile, required: 2, arity: 4, optionsBlamed: true },
  { name: 'chmod', operation: attributes.chmod, required: 2, arity: 3 },
  { name: 'chown', operation: attributes.chown, required: 3, arity: 4 },
  { name: 'copyFile', operation: names.copyFile, required: 2, arity: 4 },
  { name: 'cp', operation: cp, required: 2, arity: 4, alwaysResult: true },
  { name: 'lchown', operation: attributes.lchown, required: 3, arity: 4 },
  { name: 'link', operation: names.link, required: 2, arity: 3 },
  { name: 'lstat', operation: attributes.lstat, required: 1, arity: 3 },
  { name: 'lutimes', operation: attributes.lutimes, required: 3, arity: 4 },
  { name: 'mkdir', operation: names.mkdir, required: 1, arity: 3 },
  { name: 'mkdtemp', operation: names.mkdtemp, required: 1, arity: 3 },
  { name: 'opendir', operation: opendir, required: 1, arity: 3 },
  { name: 'readdir', operation: readdir, required: 1, arity: 3 },
  { name: 'readFile', operation: whole.readFile, required: 1, arity: 3, optionsBlamed: true },
  { name: 'readlink', operation: names.readlink, required: 1, arity: 3 },
  { name: 'rename', operation: names.rename, required: 2, arity: 3 },
  { name: 'rm', operation: rm, required: 1, arity: 3 },
  { name: 'rmdir', operation: rmdir, required: 1, arity: 3 },
  { name: 'stat', operation: attributes.stat, required: 1, arity: 3 },
  { name: 'statfs', operation: attributes.statfs, required: 1, arity: 3 },
  { name: 'symlink', operation: names.symlink, required: 2, arity: 4 },
  { name: 'truncate', operation: whole.truncate, required: 1, arity: 3 },
  { name: 'unlink', operation: names.unlink, required: 1, arity: 2 },
  { name: 'utimes', operation: attributes.utimes, required: 3, arity: 4 },
  { name: 'writeFile', operation: whole.writeFile, required: 2, arity: 4, optionsBlamed: true },
]

/** The plain realpath has no promise form: promises.realpath is the native one. */
export const realpathDefinition: Definition = { name: 'realpath', operation: realpath, required: 1, arity: 3 }
export const realpathNativeDefinition: Definition = {
  name: 'realpath',
  operation: realpathNative,
  required: 1,
  arity: 3,
}

/** By descriptor: callback and Sync; promises has FileHandle instead. */
export const descriptorOperations: readonly Definition[] = [
  { name: 'close', operation: descriptors.close, required: 1, arity: 2 },
  { name: 'fchmod', operation: descriptors.fchmod, required: 2, arity: 3 },
  { name: 'fchown', operation: descriptors.fchown, required: 3, arity: 4 },
  { name: 'fdatasync', operation: descriptors.fdatasync, required: 1, arity: 2 },
  { name: 'fstat', operation: descriptors.fstat, required: 1, arity: 3 },
  { name: 'fsync', operation: descriptors.fsync, required: 1, arity: 2 },
  { name: 'ftruncate', operation: descriptors.ftruncate, required: 1, arity: 3 },
  { name: 'futimes', operation: descriptors.futimes, required: 3, arity: 4 },
  { name: 'open', operation: descriptors.open, required: 1, arity: 4 },
]
