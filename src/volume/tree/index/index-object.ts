import { isStoreError } from '../../../base/errors.ts'
import { randomId } from '../../../base/random.ts'
import {
  attributeIndexKey,
  attributeIndexPartKey,
  encodeAttributeParts,
  encodeAttributeRows,
  indexRowsMax,
  indexRowsPerPart,
} from '../../../format/attribute-index.ts'
import type { AttributeRow, IndexPart } from '../../../format/attribute-index.ts'
import type { Name } from '../../types.ts'
import type { TreeContext } from '../tree-context.ts'
import { IndexIo } from './index-io.ts'
import type { ReadIndex } from './index-io.ts'
import { byName, groupByPart, merged, pick } from './index-merge.ts'
import type { RowChanges } from './index-merge.ts'

// The index objects of one directory as last seen, and how changes are merged into them: read, change, write under the
// condition that nobody wrote meanwhile, else again. Past 5,000 rows the object is replaced by one that names parts; new
// parts are written before it and old ones removed after, so a reader finds all rows or misses some, never wrong ones.
// Callers run one call at a time. `index-io` has the requests, `index-merge` decides between rows that two writers know,
// `index-rows` stands between rows and inodes; `attribute-index` holds the indexes of all directories.

interface Rows {
  /** null: nothing is there. */
  readonly etag: string | null
  readonly rows: ReadonlyMap<Name, AttributeRow>
}

interface Split {
  readonly etag: string
  readonly parts: readonly IndexPart[]
  readonly read: Map<string, Rows>
}

type Head =
  | { readonly kind: 'rows'; readonly whole: Rows }
  | { readonly kind: 'parts'; readonly split: Split }
  | { readonly kind: 'newer' }

const noRows: Rows = { etag: null, rows: new Map() }
const mergeTriesMax = 5
/** An index of one row saves nobody anything. */
const rowsWorthWriting = 2

export class IndexObject {
  readonly prefix: string
  readonly #context: TreeContext
  readonly #io: IndexIo
  #head: Head | null = null
  /** Monotonic ms of the last read of the head. */
  #readMs = -Infinity

  constructor(context: TreeContext, prefix: string) {
    this.#context = context
    this.#io = new IndexIo(context, prefix)
    this.prefix = prefix
  }

  /** Rows kept in memory. */
  get rowCount(): number {
    if (this.#head?.kind === 'rows') return this.#head.whole.rows.size
    let count = 0
    if (this.#head?.kind === 'parts') for (const { rows } of this.#head.split.read.values()) count += rows.size
    return count
  }

  /** Whether it was read not longer than `maxAgeMs` ago. */
  isFresh(maxAgeMs: number): boolean {
    return this.#head !== null && this.#context.clock.monotonicMs() - this.#readMs <= maxAgeMs
  }

  /** Whether nothing is in it, as far as was seen. */
  get isEmpty(): boolean {
    return this.#head?.kind === 'newer' || (this.#head?.kind === 'rows' && this.#head.whole.rows.size === 0)
  }

  /** Rows of these names. Reads what was not read before; failures of the store pass through. */
  async rowsOf(names: readonly Name[], maxAgeMs: number): Promise<readonly AttributeRow[]> {
    if (!this.isFresh(maxAgeMs)) await this.#read()
    const head = this.#head
    if (head?.kind === 'rows') return pick(head.whole.rows, names)
    if (head?.kind !== 'parts') return []
    const found: AttributeRow[] = []
    for (const [part, group] of groupByPart(head.split.parts, names))
      found.push(...pick((await this.#readPart(head.split, part)).rows, group))
    return found
  }

  /** The row of `name`, as far as it is in memory. */
  known(name: Name): AttributeRow | undefined {
    if (this.#head?.kind === 'rows') return this.#head.whole.rows.get(name)
    if (this.#head?.kind !== 'parts') return undefined
    const [part] = groupByPart(this.#head.split.parts, [name]).keys()
    return part && this.#head.split.read.get(part.id)?.rows.get(name)
  }

  /** Merges `changes` (null: no row). `isGone`: names whose rows are to be dropped. True when anything was written. */
  async merge(changes: RowChanges, isGone: (name: Name) => boolean): Promise<boolean> {
    for (let tries = 0; tries < mergeTriesMax; tries++) {
      if (!this.#head || tries > 0) await this.#read()
      try {
        return await this.#mergeOnce(changes, isGone)
      } catch (error) {
        this.#head = null
        if (!isStoreError(error, 'precondition', 'conflict', 'not-found')) throw error
      }
    }
    this.#context.log.debug('attribute index: others write it all the time', { prefix: this.prefix })
    return false
  }

  async #mergeOnce(changes: RowChanges, isGone: (name: Name) => boolean): Promise<boolean> {
    const head = this.#head
    if (head?.kind === 'newer' || !head) return false
    if (head.kind === 'rows') {
      const rows = merged(head.whole.rows, changes, isGone)
      if (!rows || (rows.size < rowsWorthWriting && head.whole.etag === null)) return false
      if (rows.size > indexRowsMax) return this.#split(rows, head.whole.etag)
      const etag = await this.#io.put(encodeAttributeRows(this.prefix, [...rows.values()]), head.whole.etag)
      this.#head = { kind: 'rows', whole: { etag, rows } }
      return true
    }
    return this.#mergeParts(head.split, changes, isGone)
  }

  async #mergeParts(split: Split, changes: RowChanges, isGone: (name: Name) => boolean): Promise<boolean> {
    let wrote = false
    const overfull = new Map<IndexPart, Map<Name, AttributeRow>>()
    for (const [part, names] of groupByPart(split.parts, [...changes.keys()])) {
      const before = await this.#readPart(split, part)
      const inPart = new Set(names)
      const some = new Map([...changes].filter(([name]) => inPart.has(name)))
      const rows = merged(before.rows, some, isGone)
      if (!rows) continue
      if (rows.size > indexRowsMax) {
        overfull.set(part, rows)
        continue
      }
      const etag = await this.#io.put(encodeAttributeRows(this.prefix, [...rows.values()], part.id), before.etag)
      split.read.set(part.id, { etag, rows })
      wrote = true
    }
    if (overfull.size === 0) return wrote
    const parts: IndexPart[] = []
    const read = new Map(split.read)
    for (const part of split.parts) {
      const rows = overfull.get(part)
      if (rows) parts.push(...(await this.#putParts(part.from, rows, read)))
      else parts.push(part)
    }
    await this.#replaceHead(parts, read, split.etag)
    await this.#removeParts([...overfull.keys()])
    return true
  }

  async #split(rows: ReadonlyMap<Name, AttributeRow>, etag: string | null): Promise<boolean> {
    const read = new Map<string, Rows>()
    await this.#replaceHead(await this.#putParts('', rows, read), read, etag)
    return true
  }

  /** Writes `rows` as fresh parts of which the first begins at `from`. */
  async #putParts(from: Name, rows: ReadonlyMap<Name, AttributeRow>, read: Map<string, Rows>): Promise<IndexPart[]> {
    const all = [...rows.values()]
    const parts: IndexPart[] = []
    for (let start = 0; start < all.length; start += indexRowsPerPart) {
      const some = all.slice(start, start + indexRowsPerPart)
      const part = { from: start === 0 ? from : (some[0] as AttributeRow).name, id: randomId(this.#context.random) }
      const etag = await this.#io.put(encodeAttributeRows(this.prefix, some, part.id), null)
      read.set(part.id, { etag, rows: byName(some) })
      parts.push(part)
    }
    return parts
  }

  async #replaceHead(parts: readonly IndexPart[], read: Map<string, Rows>, etag: string | null): Promise<void> {
    try {
      const written = await this.#io.put(encodeAttributeParts(this.prefix, parts), etag)
      this.#head = { kind: 'parts', split: { etag: written, parts, read } }
    } catch (error) {
      const before = this.#head?.kind === 'parts' ? new Set(this.#head.split.parts) : new Set<IndexPart>()
      await this.#removeParts(parts.filter((part) => !before.has(part)))
      throw error
    }
  }

  async #removeParts(parts: readonly IndexPart[]): Promise<void> {
    for (const { id } of parts) await this.#io.remove(attributeIndexPartKey(this.prefix, id))
  }

  async #read(): Promise<void> {
    const nowMs = this.#context.clock.monotonicMs()
    const reply = await this.#io.get(attributeIndexKey(this.prefix))
    this.#head = reply ? headOf(reply.index, reply.etag) : { kind: 'rows', whole: noRows }
    this.#readMs = nowMs
  }

  async #readPart(split: Split, part: IndexPart): Promise<Rows> {
    const known = split.read.get(part.id)
    if (known) return known
    const reply = await this.#io.get(attributeIndexPartKey(this.prefix, part.id))
    const rows: Rows = reply ? { etag: reply.etag, rows: byName(rowsIn(reply.index)) } : noRows
    split.read.set(part.id, rows)
    return rows
  }
}

function headOf(index: ReadIndex['index'], etag: string): Head {
  if (index === 'newer') return { kind: 'newer' }
  if (index?.kind === 'parts' && index.parts.length > 0)
    return { kind: 'parts', split: { etag, parts: index.parts, read: new Map() } }
  return { kind: 'rows', whole: { etag, rows: byName(rowsIn(index)) } }
}

function rowsIn(index: ReadIndex['index']): readonly AttributeRow[] {
  return index !== null && index !== 'newer' && index.kind === 'rows' ? index.rows : []
}
