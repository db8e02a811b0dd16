// The peak of a process's resident set while something runs, over what it was before anything was opened: what earlier
// runs of the process left behind counts too.

const intervalMs = 20
const startBytes = process.memoryUsage.rss()

export interface MemoryWatch {
  /** Growth over the start of the process, at its peak. */
  stop(): number
}

export function watchMemory(): MemoryWatch {
  let peak = startBytes
  const look = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const timer = setInterval(look, intervalMs)
  return {
    stop: () => {
      look()
      clearInterval(timer)
      return peak - startBytes
    },
  }
}
