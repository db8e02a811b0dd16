// Answers that are known already, given as an asynchronous call gives them: never in the turn that asked, and never by
// microtasks alone, so that a loop of cached calls leaves the event loop its turns. One timer serves all of a turn.

interface Settled {
  readonly settle: () => void
}

let waiting: Settled[] = []

/** Resolves (or rejects, when it is an Error) with `answer` in the next turn of the event loop. */
export function nextTurn<T>(answer: T | Error): Promise<T> {
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setImmediate(settleAll)
    waiting.push({ settle: answer instanceof Error ? () => reject(answer) : () => resolve(answer) })
  })
}

function settleAll(): void {
  const due = waiting
  waiting = []
  for (const { settle } of due) settle()
}
