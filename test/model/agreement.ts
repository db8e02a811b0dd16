// One life of a volume beside the reference: every command is asked of both and must be answered alike; then everything is
// closed, and a fresh volume on the same bucket must show the reference's tree, byte by byte, modes and times included.

import { createSeededRandom } from '../../src/base/random.ts'
import { silentLogger } from '../../src/base/log.ts'
import { isVolumeError } from '../../src/base/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { ObjectStore } from '../../src/store/store.ts'
import type { VolumeCalls } from '../../src/volume/calls.ts'
import { resolveSettings, type VolumeSettings } from '../../src/volume/settings.ts'
import { startVolume } from '../../src/volume/start.ts'
import { O_ACCMODE, O_APPEND, O_RDONLY, O_WRONLY } from '../../src/volume/types.ts'
import type { Volume } from '../../src/volume/volume.ts'
import { createSimClock, type SimClock } from '../sim/sim-clock.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { root } from '../support/volume-kit.ts'
import { askReference } from './ask-reference.ts'
import { askVolume } from './ask-volume.ts'
import { agree, plain, viewOf, viewOfNode, type Command, type Outcome, type Sight } from './commands.ts'
import { actForeign, placeOf, type ForeignAct } from './foreign-writer.ts'
import { ReferenceFs, type RefHandle } from './reference-fs.ts'
import type { RefNode } from './reference-tree.ts'

export interface LifeOptions {
  readonly settings: Partial<VolumeSettings>
  readonly sight: Sight
}

class Life {
  readonly clock: SimClock = createSimClock()
  readonly bucket: ObjectStore
  readonly reference: ReferenceFs
  readonly references: Map<number, RefHandle> = new Map()
  readonly handles: Map<number, number> = new Map()
  readonly log: string[] = []
  volume!: Volume
  sight: Sight
  readonly #options: LifeOptions
  readonly #disk = new SimDisk()
  #foreignCount = 0

  constructor(options: LifeOptions) {
    this.#options = options
    this.sight = options.sight
    this.bucket = createMemoryStore({
      clock: this.clock,
      random: createSeededRandom(1),
      limits: { partBytesMin: 4096 },
    })
    this.reference = new ReferenceFs(() => this.clock.nowNs())
  }

  get calls(): VolumeCalls {
    return this.volume.calls
  }

  async open(): Promise<void> {
    const small = {
      blockBytes: 4096,
      putBytesMax: 16_384,
      partBytes: 8192,
      partBytesLate: 16_384,
      memoryBytesMax: 4 * 1024 * 1024,
    }
    this.volume = await startVolume({
      ...{ store: this.bucket, clock: this.clock, random: createSeededRandom(2), log: silentLogger },
      settings: { ...resolveSettings({ uid: 0, gid: 0, ...this.#options.settings }), ...small },
      journalFiles: this.#disk,
    })
    // The time of the opening stands for times that are not known.
    await this.clock.sleep(7)
  }

  /** Asks both; throws when they differ. */
  async step(command: Command): Promise<void> {
    const { calls, handles, sight, clock } = this
    this.log.push(JSON.stringify(command, plain))
    const actual = await askVolume({ calls, handles, sight, wait: (ms) => clock.sleep(ms) }, command)
    const expected = askReference({ fs: this.reference, handles: this.references, sight }, command, actual)
    if (!agree(expected, actual)) this.fail('answered', expected, actual)
  }

  /**
   * Somebody else's turn. Who has the file open for writing has written to it meanwhile: a lost race, told by fsync, with the
   * local bytes in a conflict copy. Who reads it goes on with the version it has, or is told.
   */
  async foreign(asked: ForeignAct): Promise<void> {
    // Bytes of their own: replacing bytes by the same ones is no change that a condition could see.
    const act = asked.act === 'put' ? { ...asked, text: `${this.#foreignCount++} ${asked.text}` } : asked
    await this.calls.sync()
    // Changes of metadata within a second of our own write cannot be seen (SEMANTICS).
    await this.clock.sleep(2500)
    this.log.push(JSON.stringify(act))
    const node = placeOf(this.reference, act.key)?.file
    const open = [...this.references].filter(([, handle]) => handle.node === node)
    const writers = act.act === 'chmod' ? [] : open.filter(([, { flags }]) => (flags & O_ACCMODE) !== O_RDONLY)
    const [writer] = writers
    const before = node?.bytes ?? new Uint8Array(0)
    let local: Uint8Array | undefined
    if (writer) {
      await this.step({ op: 'write', slot: writer[0], offset: 2, text: 'local' })
      local = node?.bytes
    }
    if (!(await actForeign(this.bucket, this.reference, act)) && local)
      throw new Error('nothing happened to a file that is there')
    if (writer && local) await this.#lose(writer[0], local, (writer[1].flags & O_APPEND) !== 0 ? before.byteLength : 2)
    for (const [slot, { flags }] of open) {
      if (!writer && act.act !== 'chmod' && (flags & O_ACCMODE) !== O_WRONLY) await this.#readOld(slot, before)
      await this.calls.close(this.handles.get(slot) as number)
      this.handles.delete(slot)
      this.references.delete(slot)
    }
    await this.clock.sleep(2500)
  }

  /** `start`: where it was written to. */
  async #lose(slot: number, local: Uint8Array, start: number): Promise<void> {
    try {
      await this.calls.fsync(this.handles.get(slot) as number)
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE')) throw error
      const copy = error.conflictPath ?? this.fail('a lost race', 'a conflict copy', error.message)
      const kept = await this.calls.readFile(root, copy)
      // Whole where all of it can still be read, else what was written here, at its offset.
      const isKept = kept.every(
        (byte, index) => byte === local[index] || (byte === 0 && (index < start || index >= start + 5)),
      )
      if (kept.byteLength !== local.byteLength || !isKept) this.fail('the conflict copy', latin(local), latin(kept))
      return
    }
    this.fail('a lost race', { code: 'ESTALE' }, null)
  }

  async #readOld(slot: number, before: Uint8Array): Promise<void> {
    try {
      const bytes = await this.calls.read(this.handles.get(slot) as number, 0, before.byteLength + 10)
      if (Buffer.compare(bytes, before) !== 0) this.fail('an open file', latin(before), latin(bytes))
    } catch (error) {
      if (!isVolumeError(error, 'ESTALE')) throw error
    }
  }

  /** Closes all and looks at the tree as the next volume sees it. */
  async end(): Promise<void> {
    for (const slot of this.handles.keys()) await this.step({ op: 'close', slot })
    await this.compareTree('before the end')
    await this.volume.close()
    await this.clock.sleep(5000)
    await this.open()
    this.sight = { ...this.sight, later: true }
    await this.compareTree('as the next volume')
    await this.volume.close()
  }

  async compareTree(when: string): Promise<void> {
    await this.#compareDirectory(when, '', this.reference.tree.root)
  }

  fail(when: string, expected: Outcome, actual: Outcome): never {
    const lines = [
      `${when}: expected ${JSON.stringify(expected, plain)}, not ${JSON.stringify(actual, plain)}`,
      ...this.log,
    ]
    throw new Error(lines.join('\n    '))
  }

  async #compareDirectory(when: string, path: string, directory: RefNode): Promise<void> {
    const expected = this.reference.readdir(path === '' ? '/' : path)
    const listed = await this.calls.readdirAttributes(root, path === '' ? '/' : path)
    const names = listed.map(({ name, type }) => ({ name, type }))
    if (!agree(expected, names)) this.fail(`${when}, ${path}/`, expected, names)
    for (const [name, node] of directory.entries) {
      const at = `${path}/${name}`
      const attributes = listed.find((entry) => entry.name === name)?.attributes
      const view = attributes && viewOf(attributes, this.sight)
      const wanted = viewOfNode(node, this.sight)
      if (!agree(wanted, view)) this.fail(`${when}, ${at}`, wanted, view)
      await this.#compareNode(when, at, node)
    }
  }

  async #compareNode(when: string, path: string, node: RefNode): Promise<void> {
    if (node.kind === 'directory') await this.#compareDirectory(when, path, node)
    else if (node.kind === 'symlink') {
      const target = await this.calls.readlink(root, path)
      if (target !== node.target) this.fail(`${when}, ${path}`, node.target, target)
    } else {
      const bytes = await this.calls.readFile(root, path)
      if (Buffer.compare(bytes, node.bytes) !== 0) this.fail(`${when}, ${path}`, latin(node.bytes), latin(bytes))
    }
    if (node.kind !== 'symlink') await this.#compareXattrs(when, path, node)
  }

  async #compareXattrs(when: string, path: string, node: RefNode): Promise<void> {
    const wanted: Record<string, string> = {}
    for (const name of [...node.xattrs.keys()].sort()) wanted[name] = node.xattrs.get(name) as string
    const names = [...(await this.calls.listXattrs(root, path, true))].sort()
    const found: Record<string, string> = {}
    for (const name of names) found[name] = latin(await this.calls.getXattr(root, path, name, true))
    if (!agree(wanted, found)) this.fail(`${when}, xattrs of ${path}`, wanted, found)
  }
}

/** A whole life in virtual time. */
export async function live(options: LifeOptions, commands: readonly (Command | ForeignAct)[]): Promise<void> {
  const life = new Life(options)
  await life.clock.run(
    (async () => {
      await life.open()
      for (const command of commands) await ('act' in command ? life.foreign(command) : life.step(command))
      await life.end()
    })(),
  )
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
