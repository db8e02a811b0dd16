// Slots: private folders of one process below a folder that many share. A process takes a slot of its own at open and
// gives it back at close; a slot whose owner died is free, and what is left in it belongs to whoever takes it.
//
//   ROOT/slots/N/owner.json    who has it: host, boot, process id and start time
//   ROOT/slots/N/...           the owner's
//   ROOT/locks, ROOT/owners    short exclusion between processes while slots change hands
//
// An engine's thread that breaks gives its slots up on its way out, though its process lives on: what it had promised can be
// replayed at once. An owner that cannot be judged (another machine or container on a shared home) counts as alive.

import { rmSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { randomId } from '../../base/random.ts'
import { systemClock, systemRandom } from '../../base/system.ts'
import { diskFiles } from '../../store/local/tree/disk-files.ts'
import { isDead, ProcessLocks, thisOwner } from '../../store/local/tree/process-lock.ts'
import type { Owner } from '../../store/local/tree/process-lock.ts'
import { makeFolder } from '../local-files.ts'

/** Processes of one user on one volume at once; more is a program gone wild. */
export const slotCountMax = 256

export interface Slot {
  readonly index: number
  readonly path: string
  /** Folders of owners that died, handed to this process; each is given back by its own `release`. */
  readonly orphans: readonly OrphanedSlot[]
  /** For others from now on. What lies in it stays. */
  release(): Promise<void>
}

export interface OrphanedSlot {
  readonly path: string
  release(): Promise<void>
}

export interface TakeOptions {
  /** Take over slots of dead owners for which this holds, beside the one slot. */
  readonly wantsOrphan?: ((path: string) => Promise<boolean>) | undefined
  /** Only this slot: an explicit folder belongs to one process. */
  readonly only?: number | undefined
}

/** Slots of this thread. */
const held = new Set<string>()

/** The slot is another living process's. */
export class SlotTakenError extends Error {
  override readonly name: string = 'SlotTakenError'
  readonly owner: Owner

  constructor(root: string, owner: Owner) {
    super(`${root} is in use by process ${owner.pid}${owner.host === thisHost() ? '' : ` on ${owner.host}`}`)
    this.owner = owner
  }
}

/** Takes the lowest free slot. Node's errors as they come; SlotTakenError when there is none. */
export async function takeSlot(root: string, options: TakeOptions = {}): Promise<Slot> {
  const me = thisOwner(systemRandom)
  const folders = { owners: `${root}/owners`, locks: `${root}/locks` }
  for (const path of [`${root}/slots`, folders.owners, folders.locks]) await makeFolder(path)
  const locks = await ProcessLocks.open(diskFiles, systemClock, systemRandom, folders, me)
  try {
    return await locks.run('slots', () => assign(root, me, options))
  } finally {
    await locks.close()
  }
}

async function assign(root: string, me: Owner, { only, wantsOrphan }: TakeOptions): Promise<Slot> {
  await sweepOwners(root, me)
  const owners = await readOwners(root)
  let index = only
  let holder: Owner | undefined
  if (index === undefined)
    for (index = 0; index < slotCountMax && isHeld(owners.get(index)); index++) holder = owners.get(index)
  else holder = owners.get(index)
  if (holder && (index === slotCountMax || isHeld(owners.get(index)))) throw new SlotTakenError(root, holder)
  const path = await own(root, index, me)
  const orphans: OrphanedSlot[] = []
  for (const [other, owner] of owners) {
    if (other === index || owner === undefined || isHeld(owner) || !(await wantsOrphan?.(`${root}/slots/${other}`)))
      continue
    const orphan = await own(root, other, me)
    orphans.push({ path: orphan, release: () => disown(orphan) })
  }
  return { index, path, orphans, release: () => disown(path) }
}

function isHeld(owner: Owner | undefined): boolean {
  return owner !== undefined && !isDead(owner)
}

/** Owners by slot; undefined for a slot that nobody has. */
async function readOwners(root: string): Promise<Map<number, Owner | undefined>> {
  const owners = new Map<number, Owner | undefined>()
  for (const name of await readdir(`${root}/slots`)) {
    if (/^\d{1,3}$/.test(name)) owners.set(Number(name), await readOwner(`${root}/slots/${name}`))
  }
  return owners
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(`${path}/owner.json`, 'utf8')) as Owner
  } catch (error) {
    // Half written before a crash of the machine, or none: nobody has it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function own(root: string, index: number, me: Owner): Promise<string> {
  const path = `${root}/slots/${index}`
  await makeFolder(path)
  const temporary = `${path}/owner.${randomId(systemRandom)}`
  await writeFile(temporary, JSON.stringify(me), { mode: 0o600, flag: 'wx' })
  await rename(temporary, `${path}/owner.json`)
  if (held.size === 0) process.on('exit', disownAll)
  held.add(path)
  return path
}

async function disown(path: string): Promise<void> {
  if (held.delete(path) && held.size === 0) process.off('exit', disownAll)
  await rm(`${path}/owner.json`, { force: true })
}

/** Runs at the end of the thread, an uncaught exception included. */
function disownAll(): void {
  for (const path of held) rmSync(`${path}/owner.json`, { force: true })
}

/** Owner files of lockers that died between taking and giving back; never more than one a crash. */
async function sweepOwners(root: string, me: Owner): Promise<void> {
  for (const name of await readdir(`${root}/owners`)) {
    if (name === me.id) continue
    const owner = JSON.parse(
      (await readFile(`${root}/owners/${name}`, 'utf8').catch(() => '')) || 'null',
    ) as Owner | null
    if (owner && isDead(owner)) await rm(`${root}/owners/${name}`, { force: true })
  }
}

function thisHost(): string {
  return thisOwner({ uint32: () => 0, float: () => 0 }).host
}
