// What a simulated program does: one random step at a time on the volume and on the model.

import { isVolumeError } from '../../src/base/errors.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/random.ts'
import type { VolumeCalls } from '../../src/volume/calls.ts'
import { O_APPEND, O_CREAT, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/volume/types.ts'
import { root } from '../support/volume-kit.ts'
import { linkTo, type SimModel } from './sim-model.ts'

export interface Step {
  readonly label: string
  /** Paths that are in doubt while it runs, or when it fails. */
  readonly touches: readonly string[]
  run(calls: VolumeCalls): Promise<void>
  /** The same on the model. */
  apply(model: SimModel): void
  /** Files whose contents must be safe once it is acknowledged. */
  readonly writes?: string | undefined
}

const writeFlags = O_WRONLY | O_CREAT | O_TRUNC

const sync: Step = { label: 'sync', touches: [], run: (calls) => calls.sync(), apply: () => {} }

export class Steps {
  readonly #random: Random
  readonly #home: string
  readonly #busy: boolean
  #count = 0

  /** All paths are below `home`, which is a directory. */
  constructor(random: Random, home: string, busy: boolean = false) {
    this.#random = random
    this.#home = home
    this.#busy = busy
  }

  next(model: SimModel): Step {
    return (this.#busy && this.#random.float() < 0.3 && this.#name(model)) || this.#any(model)
  }

  /** Mostly names: directories in directories, renamed again and again. */
  #name(model: SimModel): Step | undefined {
    const roll = this.#random.float()
    if (roll < 0.1) return this.#symlink(model)
    if (roll < 0.3) return this.#mkdir(model)
    const name = this.#pick(model.names())
    if (roll < 0.5 && name !== undefined) return this.#renameFile(name, this.#freshPath(model))
    if (roll < 0.9) return this.#renameDirectory(model)
    return roll < 0.95 ? sync : name === undefined ? undefined : this.#unlink(name)
  }

  #any(model: SimModel): Step {
    const roll = this.#random.float()
    const file = this.#pick(model.files())
    if (roll < 0.3 || file === undefined) return this.#write(this.#freshPath(model))
    if (roll < 0.4) return this.#write(file)
    if (roll < 0.5) return this.#patch(file, model.entries.get(file) as string)
    if (roll < 0.55) return this.#append(file)
    if (roll < 0.6) return this.#truncate(file, model.entries.get(file) as string)
    if (roll < 0.65) return this.#mkdir(model)
    if (roll < 0.75)
      return this.#renameFile(
        file,
        this.#random.float() < 0.4 ? (this.#pick(model.files()) as string) : this.#freshPath(model),
      )
    if (roll < 0.83) return this.#unlink(file)
    if (roll < 0.88) return this.#renameDirectory(model) ?? this.#unlink(file)
    if (roll < 0.9) return this.#removeTree(model) ?? this.#unlink(file)
    if (roll < 0.95) return this.#chmod(file)
    return this.#fsync(file)
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random.float() * items.length)]
  }

  #freshPath(model: SimModel): string {
    const directory = this.#pick([this.#home, ...model.directories()]) as string
    const name = `n${Math.floor(this.#random.float() * 6)}`
    let path = `${directory}/${name}`
    while (model.isDirectory(path)) path += '/f'
    // Nobody writes through a link that leads nowhere.
    return this.#busy && model.isLink(path) ? this.#freshPath(model) : path
  }

  #content(): string {
    const length =
      this.#random.float() < 0.1
        ? 30_000 + Math.floor(this.#random.float() * 20_000)
        : Math.floor(this.#random.float() * 300)
    return `<${this.#home}${this.#count++}>`.padEnd(length, '.')
  }

  #write(path: string): Step {
    const content = this.#content()
    return {
      label: `write ${path} ${content.length}`,
      touches: [path],
      writes: content,
      run: (calls) => calls.writeFile(root, path, utf8(content), { flags: writeFlags, mode: 0o666 }),
      apply: (model) => void model.entries.set(path, content),
    }
  }

  #patch(path: string, before: string): Step {
    const offset = Math.floor(this.#random.float() * (before.length + 20))
    const patch = `[${this.#count++}]`
    const padded = before.padEnd(offset, '\0')
    const after = padded.slice(0, offset) + patch + padded.slice(offset + patch.length)
    return {
      label: `patch ${path} @${offset}`,
      touches: [path],
      async run(calls) {
        const { handle } = await calls.open(root, path, O_RDWR, 0)
        try {
          await calls.write(handle, offset, utf8(patch))
        } finally {
          await calls.close(handle)
        }
      },
      apply: (model) => void model.entries.set(path, after),
    }
  }

  #append(path: string): Step {
    const tail = `+${this.#count++}`
    return {
      label: `append ${path}`,
      touches: [path],
      run: (calls) => calls.writeFile(root, path, utf8(tail), { flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o666 }),
      apply: (model) => void model.entries.set(path, (model.entries.get(path) ?? '') + tail),
    }
  }

  #truncate(path: string, before: string): Step {
    const size = Math.floor(this.#random.float() * (before.length + 10))
    return {
      label: `truncate ${path} ${size}`,
      touches: [path],
      run: async (calls) => void (await calls.setAttributes(root, path, { size }, true)),
      apply: (model) => void model.entries.set(path, before.slice(0, size).padEnd(size, '\0')),
    }
  }

  #mkdir(model: SimModel): Step {
    const path = this.#freshPath(model)
    return {
      label: `mkdir ${path}`,
      touches: [path],
      async run(calls) {
        try {
          await calls.mkdir(root, path, 0o777, false)
        } catch (error) {
          if (!isVolumeError(error, 'EEXIST')) throw error
        }
      },
      apply: (after) => void (after.entries.has(path) || after.entries.set(path, null)),
    }
  }

  #symlink(model: SimModel): Step | undefined {
    const path = this.#freshPath(model)
    if (model.entries.has(path)) return undefined
    const target = `target-${this.#count++}`
    return {
      label: `symlink ${path}`,
      touches: [path],
      run: (calls) => calls.symlink(root, target, path),
      apply: (after) => void after.entries.set(path, linkTo(target)),
    }
  }

  #renameFile(from: string, to: string): Step {
    return {
      label: `rename ${from} ${to}`,
      touches: [from, to],
      run: (calls) => calls.rename(root, from, to),
      apply: (model) => model.rename(from, to),
    }
  }

  #unlink(path: string): Step {
    return {
      label: `unlink ${path}`,
      touches: [path],
      run: (calls) => calls.unlink(root, path),
      apply: (model) => void model.entries.delete(path),
    }
  }

  #renameDirectory(model: SimModel): Step | undefined {
    const from = this.#pick(model.directories().filter((path) => path !== this.#home))
    if (from === undefined) return undefined
    const parent = this.#busy ? (this.#pick([this.#home, ...model.directories()]) as string) : this.#home
    const to = `${parent}/d${Math.floor(this.#random.float() * 4)}`
    if (model.entries.has(to) || to.startsWith(`${from}/`) || to === from) return undefined
    return {
      label: `rename directory ${from} ${to}`,
      touches: [from, to],
      run: (calls) => calls.rename(root, from, to),
      apply: (after) => after.rename(from, to),
    }
  }

  #removeTree(model: SimModel): Step | undefined {
    const path = this.#pick(model.directories().filter((each) => each !== this.#home))
    if (path === undefined) return undefined
    return {
      label: `rm -r ${path}`,
      touches: [path],
      run: (calls) => calls.remove(root, path, { recursive: true, force: false }),
      apply: (after) => after.remove(path),
    }
  }

  #chmod(path: string): Step {
    const mode = this.#random.float() < 0.5 ? 0o600 : 0o644
    return {
      label: `chmod ${path}`,
      touches: [],
      run: async (calls) => void (await calls.setAttributes(root, path, { mode }, true)),
      apply: () => {},
    }
  }

  #fsync(path: string): Step {
    return {
      label: `fsync ${path}`,
      touches: [],
      async run(calls) {
        const { handle } = await calls.open(root, path, O_RDWR, 0)
        try {
          await calls.fsync(handle)
        } finally {
          await calls.close(handle)
        }
      },
      apply: () => {},
    }
  }
}

/** The tree below `home` as the volume shows it. */
export async function observe(calls: VolumeCalls, home: string, model: SimModel): Promise<SimModel> {
  for (const { name, type } of await calls.readdir(root, home)) {
    const path = `${home}/${name}`
    if (type === 'directory') {
      model.entries.set(path, null)
      await observe(calls, path, model)
    } else if (type === 'symlink') model.entries.set(path, linkTo(await calls.readlink(root, path)))
    else model.entries.set(path, Buffer.from(await calls.readFile(root, path)).toString('latin1'))
  }
  return model
}
