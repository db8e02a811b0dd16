// Checks before an operation: read-only volumes, permission as the kernel checks it, names that can be.

import { VolumeError } from '../../base/errors.ts'
import { nameByteLength } from '../../format/name.ts'
import { systemName } from '../../format/key.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { checkAccess, mayDelete, mayExecute, mayWrite } from '../tree/permissions.ts'
import { nameBytesMax } from '../types.ts'
import type { Caller, Name } from '../types.ts'

export function checkWritable(context: VolumeContext): void {
  if (context.settings.readOnly) throw new VolumeError('EROFS')
}

export function enforces(context: VolumeContext): boolean {
  return context.settings.permissions === 'enforce'
}

/** `mask`: mayRead | mayWrite | mayExecute. EACCES. */
export function permit(context: VolumeContext, caller: Caller, inode: Inode, mask: number): void {
  if (enforces(context)) checkAccess(inode.attributes, caller, mask)
}

/** Whether `caller` may add a name to `directory`; ENOTDIR, ENOENT for an unlinked one, EACCES, EROFS, ENAMETOOLONG. */
export function permitCreate(context: VolumeContext, caller: Caller, directory: Inode, name: Name): void {
  checkWritable(context)
  if (!directory.directory) throw new VolumeError('ENOTDIR')
  if (nameByteLength(name) > nameBytesMax) throw new VolumeError('ENAMETOOLONG')
  if (!directory.place && directory !== context.tree.root) throw new VolumeError('ENOENT')
  if (isSystemFolder(context, directory)) throw new VolumeError('EPERM')
  permit(context, caller, directory, mayWrite | mayExecute)
}

/** Whether `caller` may take the name of `victim` out of `directory`; EACCES, EPERM (sticky), EROFS. */
export function permitRemove(context: VolumeContext, caller: Caller, directory: Inode, victim: Inode): void {
  checkWritable(context)
  if (enforces(context)) mayDelete(directory.attributes, victim.attributes, caller)
}

/** Owner or root; EPERM. */
export function permitOwner(context: VolumeContext, caller: Caller, inode: Inode): void {
  if (enforces(context) && caller.uid !== 0 && caller.uid !== inode.attributes.uid) throw new VolumeError('EPERM')
}

/** Group of a new inode: the directory's when that has the setgid bit, else the caller's. */
export function groupOfNew(directory: Inode, caller: Caller): number {
  return (directory.attributes.mode & 0o2000) !== 0 ? directory.attributes.gid : caller.gid
}

/** Nothing is created in our own folder through a door. */
function isSystemFolder(context: VolumeContext, directory: Inode): boolean {
  for (let at: Inode | undefined = directory; at?.place; at = at.place.parent) {
    if (at.place.parent === context.tree.root && at.place.name === systemName) return true
  }
  return false
}
