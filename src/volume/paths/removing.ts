// rm(1) by path.

import { VolumeError, isVolumeError } from '../../base/errors.ts'
import type { RemoveOptions } from '../calls.ts'
import type { VolumeContext } from '../context.ts'
import { removeTree } from '../operations/remove-tree.ts'
import { unlinkName } from '../operations/remove.ts'
import type { Caller } from '../types.ts'
import type { Paths } from './resolving.ts'

export async function remove(
  context: VolumeContext,
  paths: Paths,
  caller: Caller,
  path: string,
  options: RemoveOptions,
): Promise<void> {
  try {
    const { parent, name, inode, last } = await paths.place(caller, path)
    if (!inode) throw new VolumeError('ENOENT')
    if (last === 'root') throw new VolumeError('EBUSY')
    if (last !== 'name') throw new VolumeError('EINVAL')
    if (!inode.directory) await unlinkName(context, caller, parent, name, inode)
    else if (options.recursive) await removeTree(context, caller, parent, name, inode)
    else throw new VolumeError('EISDIR')
  } catch (error) {
    if (!options.force || !isVolumeError(error, 'ENOENT')) throw error
  }
}
