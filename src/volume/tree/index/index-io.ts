import { isStoreError } from '../../../base/errors.ts'
import { decodeAttributeIndex } from '../../../format/attribute-index.ts'
import type { AttributeIndex } from '../../../format/attribute-index.ts'
import type { SideObject } from '../../../format/side-object.ts'
import type { TreeContext } from '../tree-context.ts'

// Requests for the index objects of one directory, counted apart from everybody else's.

export interface ReadIndex {
  readonly etag: string
  /** null: damaged, to be replaced; 'newer': of a later version, to be left alone. */
  readonly index: AttributeIndex | 'newer' | null
}

export class IndexIo {
  readonly #context: TreeContext
  readonly #prefix: string

  constructor(context: TreeContext, prefix: string) {
    this.#context = context
    this.#prefix = prefix
  }

  /** Null when nothing is there. */
  async get(key: string): Promise<ReadIndex | null> {
    try {
      const { body, etag } = await this.#context.store.get(key, { purpose: 'side' })
      const decoded = decodeAttributeIndex(body, this.#prefix)
      if (decoded.ok) return { etag, index: decoded.value }
      this.#context.log.debug('attribute index: not usable', { key, reason: decoded.reason })
      return { etag, index: decoded.reason === 'newer' ? 'newer' : null }
    } catch (error) {
      if (isStoreError(error, 'not-found')) return null
      throw error
    }
  }

  /** The new ETag. `etag`: what must be there now; null: nothing. */
  async put(object: SideObject, etag: string | null): Promise<string> {
    const condition = etag === null ? ({ ifNoneMatch: '*' } as const) : { ifMatch: etag }
    const options = { ...condition, headers: { metadata: {} }, purpose: 'side', priority: 'background' } as const
    return (await this.#context.store.put(object.key, object.body, options)).etag
  }

  async remove(key: string): Promise<void> {
    await this.#context.store.delete(key, { purpose: 'side', priority: 'background' })
  }
}
