// chmod, chown, utimes and truncate, and extended attributes: checks as the kernel makes them, then the local change, then
// what the durability waits for. Changes of a file that has local contents fold into the request that writes those.

import { VolumeError } from '../../base/errors.ts'
import type { VolumeContext } from '../context.ts'
import type { Inode, InodeAttributes } from '../inode.ts'
import { hasAccess, isInGroup, mayWrite } from '../tree/permissions.ts'
import { asVolumeError } from '../volume-errors.ts'
import type { AttributeChanges, Caller } from '../types.ts'
import { truncateContent } from '../handles/writes.ts'
import { checkWritable, enforces, permit, permitOwner } from './permit.ts'

export async function setAttributes(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  changes: AttributeChanges,
  viaHandle = false,
): Promise<void> {
  checkWritable(context)
  if (enforces(context)) check(context, caller, inode, changes, viaHandle)
  const hadContent = inode.content !== null
  if (changes.size !== undefined) await truncateContent(context, inode, changes.size)
  const set = attributesOf(context, caller, inode, changes)
  if (Object.keys(set).length > 0) {
    Object.assign(inode.attributes, set)
    Object.assign(inode.changed, set)
    changedAttributes(context, inode)
  }
  if (viaHandle && changes.size !== undefined) return context.journal.commit()
  await acknowledgeAttributes(context, inode, hadContent && inode.openCount > 0)
}

/** Marks attributes (or xattrs) as changed here and tells watchers. */
export function changedAttributes(context: VolumeContext, inode: Inode): void {
  inode.attributesDirty = true
  inode.attributes.ctimeNs = context.clock.nowNs()
  context.journal.inode(inode)
  context.writeBack.touch(inode)
  context.events.inode('attributes', inode)
}

/** Waits as the durability says; `folds`: the change goes out with contents that somebody will write. */
export async function acknowledgeAttributes(context: VolumeContext, inode: Inode, folds: boolean): Promise<void> {
  const { settings, journal, writeBack, tree } = context
  if (inode === tree.root) {
    // The root has no marker: its attributes live as long as the volume is open.
    inode.attributesDirty = false
    writeBack.clean(inode)
    journal.inode(inode)
    return
  }
  if (settings.durability !== 'bucket') return journal.commit()
  if (folds || !inode.place) return
  try {
    await writeBack.settler.inode(inode, { waiting: true })
  } catch (error) {
    if (!inode.content) giveUp(context, inode)
    throw asVolumeError(error)
  }
}

/** The bucket refused the change: what it has is read again. */
function giveUp(context: VolumeContext, inode: Inode): void {
  inode.attributesDirty = false
  inode.changed = {}
  inode.changedXattrs.clear()
  inode.xattrs = undefined
  inode.attributesFreshUntilMs = 0
  inode.attributesKnown = false
  context.writeBack.clean(inode)
}

function check(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  changes: AttributeChanges,
  viaHandle: boolean,
): void {
  const { attributes } = inode
  if (changes.mode !== undefined) permitOwner(context, caller, inode)
  if (caller.uid !== 0) {
    if (changes.uid !== undefined && changes.uid !== attributes.uid) throw new VolumeError('EPERM')
    if (changes.gid !== undefined && changes.gid !== attributes.gid) {
      permitOwner(context, caller, inode)
      if (!isInGroup(caller, changes.gid)) throw new VolumeError('EPERM')
    }
  }
  const times = [changes.atimeNs, changes.mtimeNs].filter((time) => time !== undefined)
  if (times.length > 0 && caller.uid !== 0 && caller.uid !== attributes.uid) {
    if (times.some((time) => time !== 'now')) throw new VolumeError('EPERM')
    if (!hasAccess(attributes, caller, mayWrite)) throw new VolumeError('EACCES')
  }
  if (changes.size !== undefined && !viaHandle) permit(context, caller, inode, mayWrite)
}

function attributesOf(
  context: VolumeContext,
  caller: Caller,
  inode: Inode,
  changes: AttributeChanges,
): Partial<InodeAttributes> {
  const { attributes } = inode
  const set: Partial<InodeAttributes> = {}
  const now = context.clock.nowNs()
  if (changes.mode !== undefined) {
    let mode = (attributes.mode & ~0o7777) | (changes.mode & 0o7777)
    // A caller outside the group cannot make others' files setgid.
    if (enforces(context) && caller.uid !== 0 && !inode.directory && !isInGroup(caller, attributes.gid)) mode &= ~0o2000
    set.mode = mode
  }
  if (changes.uid !== undefined) set.uid = changes.uid
  if (changes.gid !== undefined) set.gid = changes.gid
  if ((changes.uid !== undefined || changes.gid !== undefined) && !inode.directory && changes.mode === undefined)
    set.mode = withoutSetId(attributes.mode)
  if (changes.atimeNs !== undefined) {
    set.atimeNs = changes.atimeNs === 'now' ? now : changes.atimeNs
    set.atimeSet = true
  }
  if (changes.mtimeNs !== undefined) set.mtimeNs = changes.mtimeNs === 'now' ? now : changes.mtimeNs
  return set
}

/** What writing and chown take away: setuid, and setgid of group-executable files. */
function withoutSetId(mode: number): number {
  return (mode & 0o010) !== 0 ? mode & ~0o6000 : mode & ~0o4000
}
