import { VolumeError } from '../../base/errors.ts'
import type { Inode } from '../inode.ts'
import { pathBytesMax } from '../types.ts'
import type { Caller, Name } from '../types.ts'
import { checkAccess, mayExecute } from './permissions.ts'

// From a path to an inode, as path_resolution(7): '.' and '..' after symlinks, search permission on every directory
// passed, at most 40 symlinks, a trailing slash demands a directory. Directories on the way may be believed past their
// TTL, because asking for the last name proves or refutes them; when the name is missing the way is walked again, strictly.

const symlinksMax = 40

export interface ResolveOptions {
  /** Follow a symlink in the last component. A trailing slash follows it too, unless `wantParent`. */
  readonly followLast: boolean
  /**
   * A missing last name is `inode: null` instead of ENOENT, so that it can be created; what a trailing slash after
   * something else than a directory means is the caller's to say.
   */
  readonly wantParent?: boolean | undefined
  /** Attributes of the last name, and whether it is a symlink, may be left open. */
  readonly glimpse?: boolean | undefined
}

/** What the last component was; only 'name' can be created, removed or renamed. */
type LastComponent = 'name' | 'dot' | 'dotdot' | 'root'

export interface Resolved {
  /** Directory of the last name; the directory itself for '.', '..' and '/'. */
  readonly parent: Inode
  /** '' unless `last` is 'name'. */
  readonly name: Name
  readonly inode: Inode | null
  readonly last: LastComponent
  readonly trailingSlash: boolean
}

export interface ResolverDeps {
  readonly root: Inode
  lookupMaybe(directory: Inode, name: Name, options: StepOptions): Promise<Inode | null>
  /** Whether the name of a directory is older than its TTL. */
  isStale(inode: Inode): boolean
  readTarget(inode: Inode, signal?: AbortSignal): Promise<Name>
  /** False with `permissions: 'ignore'`. */
  readonly enforce: boolean
}

interface StepOptions {
  readonly signal?: AbortSignal | undefined
  readonly attributes: boolean
  readonly expectDirectory?: boolean | undefined
  readonly acceptStale?: boolean | undefined
}

/** Resolves paths of one volume. Stateless; safe for concurrent use. */
export class Resolver {
  readonly #deps: ResolverDeps

  constructor(deps: ResolverDeps) {
    this.#deps = deps
  }

  /** ENOENT, ENOTDIR, EACCES, ELOOP or ENAMETOOLONG as the kernel would answer for `caller`. */
  async resolve(caller: Caller, path: string, options: ResolveOptions): Promise<Resolved> {
    if (path === '') throw new VolumeError('ENOENT')
    if (path.length > pathBytesMax || (path.length * 3 > pathBytesMax && byteLength(path) > pathBytesMax))
      throw new VolumeError('ENAMETOOLONG')
    const fast = new Resolution(this.#deps, caller, options, true)
    let failure: unknown
    try {
      const resolved = await fast.run(path)
      // What '..' leads out of has not been asked for either.
      const isProven = resolved.inode !== null && resolved.last !== 'dotdot'
      if (isProven || !fast.believedStale) return resolved
    } catch (error) {
      if (!fast.believedStale || !(error instanceof VolumeError) || !retriedCodes.has(error.code)) throw error
      failure = error
    }
    caller.signal?.throwIfAborted()
    void failure
    return new Resolution(this.#deps, caller, options, false).run(path)
  }
}

const retriedCodes: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ESTALE'])

function byteLength(path: string): number {
  let bytes = 0
  for (let i = 0; i < path.length; i++) {
    const unit = path.charCodeAt(i)
    if (unit < 0x80 || (unit >= 0xdc80 && unit <= 0xdcff && !isHighSurrogate(path.charCodeAt(i - 1)))) bytes += 1
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

/** One walk along one path. */
class Resolution {
  believedStale = false
  readonly #deps: ResolverDeps
  readonly #caller: Caller
  readonly #options: ResolveOptions
  readonly #acceptStale: boolean
  #symlinks = 0
  #current: Inode
  /** Components still to go, last first. */
  #todo: Name[] = []
  #trailingSlash = false

  constructor(deps: ResolverDeps, caller: Caller, options: ResolveOptions, acceptStale: boolean) {
    this.#deps = deps
    this.#caller = caller
    this.#options = options
    this.#acceptStale = acceptStale
    this.#current = deps.root
  }

  async run(path: string): Promise<Resolved> {
    this.#push(path)
    if (this.#todo.length === 0) return this.#special('root')
    for (;;) {
      const name = this.#todo.pop() as Name
      const last = this.#todo.length === 0
      this.#search()
      if (name === '.' || name === '..') {
        if (name === '..') this.#current = this.#current.place?.parent ?? this.#current
        if (last) return this.#special(name === '.' ? 'dot' : 'dotdot')
        continue
      }
      const inode = await this.#step(name, last)
      if (inode === null) {
        if (last && this.#options.wantParent) return this.#named(name, null)
        throw new VolumeError('ENOENT')
      }
      if (inode.type === 'symlink' && (!last || this.#followsLast())) {
        await this.#follow(inode)
        if (this.#todo.length === 0) return this.#special('root')
        continue
      }
      if (last) {
        if (this.#trailingSlash && !this.#options.wantParent && inode.type !== 'directory')
          throw new VolumeError('ENOTDIR')
        return this.#named(name, inode)
      }
      this.#current = inode
    }
  }

  /** The directory we stand in must be one, and searchable. */
  #search(): void {
    if (this.#current.type !== 'directory') throw new VolumeError('ENOTDIR')
    if (this.#deps.enforce) checkAccess(this.#current.attributes, this.#caller, mayExecute)
  }

  async #step(name: Name, last: boolean): Promise<Inode | null> {
    const { signal, uid } = this.#caller
    const directories = !last || this.#trailingSlash
    const inode = await this.#deps.lookupMaybe(this.#current, name, {
      signal,
      // uid 0 passes every directory, so its mode need not be known.
      attributes: (last && !this.#options.glimpse) || (this.#deps.enforce && uid !== 0),
      expectDirectory: directories,
      acceptStale: !last && this.#acceptStale,
    })
    if (!last && inode?.directory && this.#deps.isStale(inode)) this.believedStale = true
    return inode
  }

  #followsLast(): boolean {
    return this.#options.followLast || (this.#trailingSlash && !this.#options.wantParent)
  }

  async #follow(link: Inode): Promise<void> {
    if (++this.#symlinks > symlinksMax) throw new VolumeError('ELOOP')
    const target = await this.#deps.readTarget(link, this.#caller.signal)
    if (target === '') throw new VolumeError('ENOENT')
    if (target.startsWith('/')) this.#current = this.#deps.root
    this.#push(target)
  }

  #push(path: string): void {
    const components = path.split('/').filter((component) => component !== '')
    if (this.#todo.length === 0 && path.endsWith('/')) this.#trailingSlash = true
    for (let i = components.length - 1; i >= 0; i--) this.#todo.push(components[i] as Name)
  }

  #special(last: LastComponent): Resolved {
    return { parent: this.#current, name: '', inode: this.#current, last, trailingSlash: this.#trailingSlash }
  }

  #named(name: Name, inode: Inode | null): Resolved {
    return { parent: this.#current, name, inode, last: 'name', trailingSlash: this.#trailingSlash }
  }
}
