// Large files leave while they are still being written (`objects/stream-upload.ts`): nobody sees them before close, and
// close has only the rest to send. A streamed file's times are those of its first part, unless they are set explicitly;
// so headers that were fixed then are still right at the end.

import type { VolumeContext } from '../context.ts'
import type { Inode } from '../inode.ts'
import { StreamUpload } from '../objects/stream-upload.ts'
import type { UploadTarget } from '../objects/parts/upload.ts'
import { objectDeps } from './aside.ts'
import { describe, readHeaders } from './describe.ts'

interface Streaming {
  readonly upload: StreamUpload
  /** Times in the headers of the upload, once it has begun. */
  times: { readonly mtimeNs: bigint; readonly ctimeNs: bigint } | null
}

/** Streams of one volume, one per inode at most. */
export class Streams {
  readonly #context: VolumeContext
  readonly #byInode = new Map<Inode, Streaming>()
  /** Uploads that are being removed. */
  readonly #ending = new Set<Promise<void>>()

  constructor(context: VolumeContext) {
    this.#context = context
  }

  get(inode: Inode): StreamUpload | undefined {
    return this.#byInode.get(inode)?.upload
  }

  /** To be called after each write: sends what has become a full part, once the file is large and written in order. */
  async offer(inode: Inode): Promise<void> {
    const { content } = inode
    if (!content || !inode.place || inode.type !== 'file') return
    if (!this.#byInode.has(inode) && content.dirtyBytes < this.#context.settings.putBytesMax) return
    const { upload } = this.#of(inode)
    upload.offer(content)
    if (upload.wantsAside) await this.putAside(inode)
  }

  /** What the inode has goes to a key of its own, so that memory is free; reads go on there. */
  async putAside(inode: Inode): Promise<void> {
    // A journal has the bytes on disk already, and could not tell what they are based on afterwards.
    if (this.#context.settings.durability === 'journal') return
    const { upload } = this.#of(inode)
    await inode.remoteLock.run(async () => {
      const { content } = inode
      if (!content || content.dirtyBytes === 0) return
      await upload.putAside(content)
      this.#context.journal.inode(inode)
    })
  }

  /** Times of an inode whose stream is about to be finished: the stream's, if none were set since. */
  useTimes(inode: Inode): void {
    const streaming = this.#byInode.get(inode)
    if (!streaming?.times || !streaming.upload.isStreaming) return
    if (inode.changed.mtimeNs === undefined) inode.attributes.mtimeNs = streaming.times.mtimeNs
    if (Object.keys(inode.changed).length === 0) inode.attributes.ctimeNs = streaming.times.ctimeNs
  }

  /** The headers the inode's stream began with. */
  target(inode: Inode): Promise<UploadTarget | undefined> {
    return this.get(inode)?.target() ?? Promise.resolve(undefined)
  }

  /** Contents are in the bucket. */
  ended(inode: Inode): void {
    this.#byInode.delete(inode)
  }

  /** Contents are not wanted any more. */
  drop(inode: Inode): void {
    const upload = this.get(inode)
    this.#byInode.delete(inode)
    if (!upload) return
    const ending = upload
      .abort()
      .catch((error: unknown) => {
        this.#context.log.warn('an unfinished upload could not be removed; see doctor', { error: String(error) })
      })
      .finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Returns when no upload is left that nobody wants: before the store closes. */
  async close(): Promise<void> {
    await Promise.all(this.#ending)
  }

  #of(inode: Inode): Streaming {
    const known = this.#byInode.get(inode)
    if (known) return known
    const streaming: Streaming = {
      upload: new StreamUpload(objectDeps(this.#context), { describe: () => this.#describe(inode, streaming) }),
      times: null,
    }
    this.#byInode.set(inode, streaming)
    return streaming
  }

  async #describe(inode: Inode, streaming: Streaming): Promise<UploadTarget> {
    await readHeaders(this.#context, inode)
    const { mtimeNs, ctimeNs } = inode.attributes
    const { headers, writeId } = await describe(this.#context, inode, 'new')
    const key = this.#context.tree.keyOf(inode)
    streaming.times = { mtimeNs, ctimeNs }
    inode.doubtfulIds.set(writeId, key)
    this.#context.journal.writing(inode.ino, key, writeId)
    const tags = inode.base?.tagCount ? await this.#context.store.getTags(inode.base.key) : undefined
    return { key, headers, writeId, tags }
  }
}
