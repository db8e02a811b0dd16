import { describe, expect, it } from 'vitest'
import type { Inode } from '../../../src/volume/inode.ts'
import { Resolver } from '../../../src/volume/tree/resolve.ts'
import type { Resolved, ResolveOptions } from '../../../src/volume/tree/resolve.ts'
import type { Caller } from '../../../src/volume/types.ts'
import { createTreeKit, large, posixHeaders } from './tree-kit.ts'
import type { TreeKit } from './tree-kit.ts'

const root: Caller = { uid: 0, gid: 0, groups: [], umask: 0o022 }
const user: Caller = { uid: 1000, gid: 1000, groups: [50], umask: 0o022 }

type Resolve = (path: string, options?: Partial<ResolveOptions>, caller?: Caller) => Promise<Resolved>

function resolverOf(kit: TreeKit, enforce = true): Resolve {
  const { tree, bucket } = kit
  const resolver = new Resolver({
    root: tree.root,
    lookupMaybe: (directory, name, options) => tree.lookupMaybe(directory, name, options),
    isStale: (inode) => tree.isStale(inode),
    readTarget: async (inode: Inode) => Buffer.from((await bucket.get(inode.base?.key ?? '')).body).toString(),
    enforce,
  })
  return (path, options = {}, caller = root) => resolver.resolve(caller, path, { followLast: true, ...options })
}

const link = posixHeaders({ mode: 0o120777 })

async function kitWith(objects: Record<string, string>): Promise<TreeKit> {
  const kit = createTreeKit()
  for (const [key, text] of Object.entries(objects))
    await kit.put(key, text.replace(/^-> /, ''), text.startsWith('-> ') ? link : posixHeaders())
  return kit
}

async function found(
  kit: TreeKit,
  path: string,
  options: Partial<ResolveOptions> = {},
  caller = root,
): Promise<string> {
  const { inode } = await resolverOf(kit)(path, options, caller)
  return inode ? kit.tree.pathOf(inode) : 'nothing'
}

describe('resolving a path', () => {
  it('goes by names, dots and doubled slashes', async () => {
    const kit = await kitWith({ 'a/b/c': 'x' })
    expect(await found(kit, '/a//b/./c')).toBe('/a/b/c')
    expect(await found(kit, '/a/b/../b/c')).toBe('/a/b/c')
    expect(await found(kit, '/../../a')).toBe('/a')
    expect(await found(kit, '/')).toBe('/')
  })

  it('tells what the last component was', async () => {
    const kit = await kitWith({ 'a/b': 'x' })
    const resolve = resolverOf(kit)
    expect(await resolve('/a/.')).toMatchObject({ last: 'dot', name: '' })
    expect(await resolve('/a/..')).toMatchObject({ last: 'dotdot' })
    expect(await resolve('/')).toMatchObject({ last: 'root' })
    expect(await resolve('/a/')).toMatchObject({ last: 'name', name: 'a', trailingSlash: true })
  })

  it('follows symlinks on the way, relative and absolute, and takes `..` after them', async () => {
    const kit = await kitWith({ 'd/e/f': 'x', 'd/up': '-> e', l: '-> /d/up', 'd/g': 'y' })
    expect(await found(kit, '/l/f')).toBe('/d/e/f')
    expect(await found(kit, '/l/../g')).toBe('/d/g')
  })

  it('follows the last symlink only when asked to', async () => {
    const kit = await kitWith({ file: 'x', l: '-> file' })
    expect(await found(kit, '/l')).toBe('/file')
    expect(await found(kit, '/l', { followLast: false })).toBe('/l')
  })

  it.each([
    ['root', root, true],
    ['a user', user, true],
    ['anybody where permissions are ignored', user, false],
  ])('follows a symlink that only a listing has shown, for %s', async (_, caller, enforce) => {
    const kit = await kitWith({ 'd/f': 'x', l: '-> d' })
    await kit.names('/')
    const { inode } = await resolverOf(kit, enforce)('/l/f', {}, caller)
    expect(inode && kit.tree.pathOf(inode)).toBe('/d/f')
  })

  it('ends a circle of symlinks with ELOOP, and 40 of them with success', async () => {
    const kit = await kitWith({ a: '-> b', b: '-> a', end: 'x', 'one-more': '-> l0' })
    await expect(found(kit, '/a')).rejects.toMatchObject({ code: 'ELOOP' })
    for (let i = 0; i < 40; i++) await kit.put(`l${i}`, i === 39 ? 'end' : `l${i + 1}`, link)
    expect(await found(kit, '/l0')).toBe('/end')
    await expect(found(kit, '/one-more')).rejects.toMatchObject({ code: 'ELOOP' })
  })

  it('demands a directory where a slash is behind', async () => {
    const kit = await kitWith({ 'd/x': 'x', file: 'x', toDir: '-> d', toFile: '-> file' })
    await expect(found(kit, '/file/')).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(found(kit, '/toFile/')).rejects.toMatchObject({ code: 'ENOTDIR' })
    expect(await found(kit, '/toDir/', { followLast: false })).toBe('/d')
  })

  it('through a file is ENOTDIR, through nothing ENOENT', async () => {
    const kit = await kitWith({ file: large })
    await expect(found(kit, '/file/x')).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(found(kit, '/file/..')).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(found(kit, '/none/x')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(found(kit, '')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('gives the parent of a name that is to be made', async () => {
    const kit = await kitWith({ 'd/x': 'x' })
    const resolved = await resolverOf(kit)('/d/new', { wantParent: true })
    expect(resolved).toMatchObject({ name: 'new', inode: null, last: 'name' })
    expect(kit.tree.pathOf(resolved.parent)).toBe('/d')
    await expect(resolverOf(kit)('/none/new', { wantParent: true })).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('refuses paths and names that are too long', async () => {
    const kit = await kitWith({})
    await expect(found(kit, `/${'x'.repeat(256)}`)).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
    await expect(found(kit, '/x'.repeat(2048))).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
    await expect(found(kit, '/é'.repeat(1366))).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
    await expect(found(kit, `${'/x'.repeat(2047)}`)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('needs search permission on every directory passed, of the caller’s own class', async () => {
    const kit = createTreeKit()
    await kit.put('d/', '', posixHeaders({ mode: 0o040766, uid: 5, gid: 50 }))
    await kit.put('d/x', 'x', posixHeaders())
    await expect(found(kit, '/d/x', {}, user)).rejects.toMatchObject({ code: 'EACCES' })
    await expect(found(kit, '/d/..', {}, user)).rejects.toMatchObject({ code: 'EACCES' })
    expect(await found(kit, '/d', {}, user)).toBe('/d')
    expect(await found(kit, '/d/x', {}, root)).toBe('/d/x')
    expect(await found(kit, '/d/x', {}, { ...user, uid: 5 })).toBe('/d/x')
  })

  it('believes directories on the way past their TTL, but not when the name is missing', async () => {
    const kit = await kitWith({ 'a/b/c': large })
    await found(kit, '/a/b/c')
    await kit.clock.advance(60_000)
    kit.spent()
    expect(await found(kit, '/a/b/c')).toBe('/a/b/c')
    expect(kit.bill.count()).toBe(1)
    await kit.bucket.delete('a/b/c')
    await kit.put('a/b', large)
    await kit.clock.advance(60_000)
    await expect(found(kit, '/a/b/c')).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})
