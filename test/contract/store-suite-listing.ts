// Listing: UTF-8 byte order, delimiter, paging, and keys that are awkward as paths.

import { describe, expect, it } from 'vitest'
import { compareUtf8 } from '../../src/base/bytes.ts'
import type { ListOptions, ObjectStore } from '../../src/store/store.ts'
import { getText, putText } from '../support/store-kit.ts'
import type { Contract } from './store-suite.ts'

/** Names in UTF-8 byte order; UTF-16 order would put the astral one before U+FF5E. */
const awkward = ['a', 'a!', 'a//b', 'a/b', 'a/b/', 'a/b/c', 'a0', 'dir/', 'dir/x', 'z&<>"', 'é', '～', '🎉', '🎉/x']

/** Those that a file system can hold side by side. */
const pathLike = ['a!', 'a0', 'dir/', 'dir/x', 'z&<>"', 'é', '～', '🎉/x']

/** Every page until the end, prefixes and objects apart. */
async function listAll(
  store: ObjectStore,
  options: ListOptions,
): Promise<{ keys: string[]; prefixes: string[]; pages: number }> {
  const keys: string[] = []
  const prefixes: string[] = []
  let token: string | undefined
  let pages = 0
  do {
    const page = await store.list(token === undefined ? options : { ...options, token })
    expect(page.objects.length + page.prefixes.length).toBeLessThanOrEqual(options.maxKeys ?? 1000)
    keys.push(...page.objects.map(({ key }) => key))
    prefixes.push(...page.prefixes)
    token = page.token
    pages++
    if (pages > 100) throw new Error('the listing does not end')
  } while (token !== undefined)
  return { keys, prefixes, pages }
}

/** Markers are empty: gateways onto a file system hold no bytes in a directory. */
function textOf(name: string): string {
  return name.endsWith('/') ? '' : name
}

export function describeListing(contract: Contract): void {
  describe('listing', () => {
    it('lists awkward keys in UTF-8 byte order, whole and page by page', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      const names = contract.has('anyKeys') ? awkward : pathLike
      for (const name of [...names].reverse()) await putText(store, prefix + name, textOf(name))
      const expected = names.map((name) => prefix + name)
      expect([...expected].sort(compareUtf8)).toEqual(expected)
      expect((await listAll(store, { prefix })).keys).toEqual(expected)
      for (const maxKeys of [1, 3]) expect((await listAll(store, { prefix, maxKeys })).keys).toEqual(expected)
      for (const name of names) expect(await getText(store, prefix + name)).toBe(textOf(name))
      const gone = names.includes('a/b') ? ['a', 'a/b'] : ['a0', 'z&<>"']
      for (const name of gone) await store.delete(prefix + name)
      const rest = names.filter((name) => !gone.includes(name)).map((name) => prefix + name)
      expect((await listAll(store, { prefix })).keys).toEqual(rest)
    })

    it('groups by delimiter, and pages count prefixes and objects alike', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      const names = contract.has('anyKeys') ? awkward : pathLike
      for (const name of names) await putText(store, prefix + name, textOf(name))
      const keys = names.filter((name) => !name.includes('/')).map((name) => prefix + name)
      const grouped = new Set(names.filter((name) => name.includes('/')).map((name) => `${name.split('/', 1)[0]}/`))
      const prefixes = [...grouped].map((name) => prefix + name)
      const one = contract.faulty('a page of one key ends a grouped listing early') ? [] : [1]
      for (const maxKeys of [1000, ...one, 2, 5]) {
        const all = await listAll(store, { prefix, delimiter: '/', maxKeys })
        expect(all.keys).toEqual(keys)
        expect(all.prefixes).toEqual(prefixes)
      }
      if (!contract.has('anyKeys')) return
      const inside = await store.list({ prefix: `${prefix}a/`, delimiter: '/' })
      expect(inside.objects.map(({ key }) => key)).toEqual([`${prefix}a/b`])
      expect(inside.prefixes).toEqual([`${prefix}a//`, `${prefix}a/b/`])
    })

    it('starts after a key, and describes objects as HEAD does', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      for (const name of ['a', 'b', 'c', 'd']) await putText(store, prefix + name, name.repeat(3))
      const page = await store.list({ prefix, startAfter: `${prefix}b`, maxKeys: 1 })
      expect(page.objects).toHaveLength(1)
      const { etag, lastModified } = await store.head(`${prefix}c`)
      expect(page.objects[0]).toMatchObject({ key: `${prefix}c`, size: 3, etag, lastModified })
      expect(page.date % 1000).toBe(0)
      expect(page.token).toBeDefined()
      expect((await store.list({ prefix: `${prefix}none` })).objects).toEqual([])
      const last = await store.list({ prefix, maxKeys: 4 })
      expect(last.token).toBeUndefined()
    })

    it('a prefix need not end at a delimiter', async () => {
      const { store } = contract
      const prefix = contract.prefix()
      for (const name of ['ab/x', 'abc', 'abd/y/z', 'b']) await putText(store, prefix + name, name)
      const page = await store.list({ prefix: `${prefix}ab`, delimiter: '/' })
      expect(page.objects.map(({ key }) => key)).toEqual([`${prefix}abc`])
      expect(page.prefixes).toEqual([`${prefix}ab/`, `${prefix}abd/`])
    })
  })
}
