// The peak of a process's resident set while something runs.

const intervalMs = 20

export interface MemoryWatch {
  /** Growth over the start, at its peak. */
  stop(): number
}

export function watchMemory(): MemoryWatch {
  const start = process.memoryUsage.rss()
  let peak = start
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, intervalMs)
  return {
    stop: () => {
      look()
      clearInterval(timer)
      return peak - start
    },
  }
}
