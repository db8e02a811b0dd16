// The piece table against a plain array of bytes, with write-backs that succeed, fail and overlap later changes.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileContent } from '../../../src/volume/content/file-content.ts'
import type { FrozenContent } from '../../../src/volume/content/file-content.ts'
import type { Piece } from '../../../src/volume/content/extents.ts'
import type { DirtyBytes } from '../../../src/volume/content/dirty-bytes.ts'
import { DirtyStore } from '../../../src/volume/content/dirty-store.ts'
import { MemoryBudget } from '../../../src/volume/content/memory-budget.ts'
import type { Version } from '../../../src/volume/inode.ts'
import { expectSame, versionOf } from './content-kit.ts'

const budgetBytes = 8 * 1024 * 1024

type Step =
  | { readonly do: 'write'; readonly offset: number; readonly length: number }
  | { readonly do: 'append'; readonly length: number }
  | { readonly do: 'truncate'; readonly size: number }
  | { readonly do: 'punch'; readonly offset: number; readonly length: number }
  | { readonly do: 'freeze' | 'thaw' | 'rebase' | 'moved' }

const offset = fc.nat(300)
const length = fc.nat(80)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), offset, length }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), length }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('truncate' as const), size: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('punch' as const), offset, length }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('freeze' as const, 'thaw' as const, 'rebase' as const, 'moved' as const),
      }),
    },
  ),
  { maxLength: 60 },
)

/** One file beside a plain array that is told the same. */
class Pair {
  readonly budget = new MemoryBudget(budgetBytes)
  readonly store = new DirtyStore({ budget: this.budget })
  readonly objects = new Map<string, Uint8Array>()
  readonly content: FileContent
  plain: Uint8Array
  frozen: { readonly view: FrozenContent; readonly plain: Uint8Array } | null = null
  #count = 0
  #fill = 0

  constructor(baseBytes: Uint8Array | null, used: number) {
    const base = baseBytes && this.put(baseBytes)
    this.content = new FileContent(base, used)
    this.plain = (baseBytes ?? new Uint8Array(0)).slice(0, used)
  }

  put(bytes: Uint8Array): Version {
    const etag = `etag${this.#count++}`
    this.objects.set(etag, bytes)
    return versionOf('k', etag, bytes.byteLength)
  }

  async write(at: number, size: number): Promise<void> {
    const bytes = new Uint8Array(size).map(() => (this.#fill = (this.#fill % 255) + 1))
    this.content.write(at, await this.store.keep(bytes, { ino: 1, offset: at }))
    if (size === 0) return
    const grown = new Uint8Array(Math.max(this.plain.byteLength, at + size))
    grown.set(this.plain)
    grown.set(bytes, at)
    this.plain = grown
  }

  async step(step: Step): Promise<void> {
    const { content } = this
    switch (step.do) {
      case 'write':
        return this.write(step.offset, step.length)
      case 'append':
        return this.write(content.size, step.length)
      case 'truncate': {
        content.truncate(step.size)
        const cut = new Uint8Array(step.size)
        cut.set(this.plain.subarray(0, step.size))
        this.plain = cut
        return
      }
      case 'punch':
        content.punch(step.offset, step.length)
        this.plain.fill(0, step.offset, step.offset + step.length)
        return
      case 'freeze':
        this.frozen ??= { view: content.freeze(), plain: this.plain.slice() }
        return
      case 'thaw':
        if (this.frozen) content.thaw(this.frozen.view)
        this.frozen = null
        return
      case 'rebase':
        if (this.frozen) content.rebase(this.frozen.view, this.put(this.frozen.plain))
        this.frozen = null
        return
      case 'moved':
        // Never while a write-back is under way: both take the inode's remote lock.
        if (content.base && !this.frozen) content.moved(this.put(this.objects.get(content.base.etag) as Uint8Array))
    }
  }

  bytesOf(pieces: readonly Piece[], base: Version | null): Uint8Array {
    const parts = pieces.map((piece) => {
      if (piece.kind === 'zero') return Buffer.alloc(piece.length)
      if (piece.kind === 'dirty') return viewOf(piece.bytes, piece.start, piece.length)
      return (this.objects.get((base as Version).etag) as Uint8Array).subarray(
        piece.offset,
        piece.offset + piece.length,
      )
    })
    return new Uint8Array(Buffer.concat(parts))
  }

  check(): void {
    const { content, frozen } = this
    expect(content.size).toBe(this.plain.byteLength)
    const all = content.pieces(0, content.size)
    expectSame(this.bytesOf(all, content.base), this.plain)
    expect(content.pieceCount).toBe(all.length)
    expect(content.dirtyBytes).toBe(bytesIn(all, 'dirty'))
    expect(content.holeBytes).toBe(bytesIn(all, 'zero'))
    expect(content.isClean).toBe(content.base?.size === content.size && all.every(({ kind }) => kind === 'base'))
    let at = 0
    for (const piece of all) {
      if (piece.offset !== at || piece.length < 1 || piece.generation > content.generation)
        expect.fail(`wrong piece ${JSON.stringify(piece)} at ${at}`)
      at += piece.length
    }
    if (frozen) expectSame(this.bytesOf(frozen.view.pieces, frozen.view.base), frozen.plain)
  }
}

function viewOf(bytes: DirtyBytes, start: number, size: number): Uint8Array {
  const view = bytes.view(start, size) as Uint8Array
  return view.byteLength === size ? view : expect.fail('a view of another length')
}

function bytesIn(pieces: readonly Piece[], kind: Piece['kind']): number {
  return pieces.reduce((sum, piece) => sum + (piece.kind === kind ? piece.length : 0), 0)
}

describe('FileContent', () => {
  it('holds what a plain array holds through writes, truncates, holes and write-backs, and frees all memory', async () => {
    const base = fc.option(fc.uint8Array({ maxLength: 200 }))
    await fc.assert(
      fc.asyncProperty(base, fc.nat(200), steps, fc.nat(300), fc.nat(300), async (bytes, used, run, from, size) => {
        const pair = new Pair(bytes, Math.min(used, bytes?.byteLength ?? 0))
        pair.check()
        for (const step of run) {
          await pair.step(step)
          pair.check()
        }
        const some = pair.content.pieces(from, size)
        expect(pair.bytesOf(some, pair.content.base)).toEqual(pair.plain.slice(from, from + size))
        await pair.step({ do: 'thaw' })
        pair.content.release()
        expect(pair.content.size).toBe(0)
        expect(pair.budget.used()).toBe(0)
      }),
      { numRuns: 400 },
    )
  })

  it('keeps a frozen view readable after the file was released', async () => {
    const pair = new Pair(null, 0)
    await pair.write(0, 10)
    const view = pair.content.freeze()
    pair.content.release()
    expect(pair.bytesOf(view.pieces, null)).toEqual(pair.plain)
    pair.content.thaw(view)
    expect(pair.budget.used()).toBe(0)
  })

  it('is clean after the write-back of all of it, and not when something changed meanwhile', async () => {
    const pair = new Pair(null, 0)
    await pair.write(0, 10)
    const first = pair.content.freeze()
    await pair.write(5, 10)
    pair.content.rebase(first, pair.put(pair.plain.slice(0, 10)))
    expect(pair.content.isClean).toBe(false)
    expect(pair.content.pieces(0, 15).map(({ kind, offset: at }) => [kind, at])).toEqual([
      ['base', 0],
      ['dirty', 5],
    ])
    const second = pair.content.freeze()
    pair.content.rebase(second, pair.put(pair.plain))
    expect(pair.content.isClean).toBe(true)
    expect(pair.content.pieceCount).toBe(1)
  })

  it('is not clean while only its size differs from the base, or while there is no base', () => {
    const base = versionOf('k', 'e', 10)
    const content = new FileContent(base)
    expect(content.isClean).toBe(true)
    content.truncate(4)
    expect([content.isClean, content.dirtyBytes]).toEqual([false, 0])
    expect(new FileContent(null).isClean).toBe(false)
    expect(new FileContent(versionOf('k', 'e', 0)).isClean).toBe(true)
  })

  it('stays one piece while it is written in order by small writes', async () => {
    const pair = new Pair(null, 0)
    for (let i = 0; i < 1000; i++) await pair.write(pair.content.size, 10)
    expect(pair.content.pieceCount).toBe(1)
    pair.check()
  })

  it('refuses to end one frozen view twice', async () => {
    const pair = new Pair(null, 0)
    await pair.write(0, 10)
    const view = pair.content.freeze()
    pair.content.thaw(view)
    expect(() => pair.content.rebase(view, versionOf('k', 'e', 10))).toThrow('once')
  })
})
