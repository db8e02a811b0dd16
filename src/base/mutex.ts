// In-process exclusion: FIFO, abortable while waiting. No timers, so it behaves the same under a virtual clock.

/** A FIFO mutual exclusion. `run` holds it for the whole of `task`. Not re-entrant. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve()
  #held = 0

  /** True while somebody holds or awaits it. */
  get busy(): boolean {
    return this.#held > 0
  }

  async run<T>(task: () => Promise<T> | T): Promise<T> {
    this.#held++
    const before = this.#tail
    let release: () => void = () => {}
    this.#tail = new Promise<void>((resolve) => (release = resolve))
    await before
    try {
      return await task()
    } finally {
      this.#held--
      release()
    }
  }
}

/** One running task per key: callers that arrive while it runs share its result. */
export class SingleFlight<K, T> {
  readonly #running = new Map<K, Promise<T>>()

  get(key: K): Promise<T> | undefined {
    return this.#running.get(key)
  }

  run(key: K, task: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key)
    if (running) return running
    const promise = task().finally(() => this.#running.delete(key))
    this.#running.set(key, promise)
    return promise
  }
}
