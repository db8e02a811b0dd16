// Everything below a directory, from either kind of place, page by page.

import type { WalkEntry } from '../../volume/calls.ts'
import type { Place } from '../places/places.ts'

/** Entries below `place`, parents before children, `path` relative to it. Ends early when `signal` aborts. */
export async function* walkBelow(place: Place, signal: AbortSignal): AsyncGenerator<WalkEntry> {
  let cursor: string | undefined
  do {
    const page = await place.calls.walk(place.caller, place.path, cursor)
    for (const entry of page.entries) {
      if (signal.aborted) return
      yield entry
    }
    cursor = page.cursor
  } while (cursor !== undefined && !signal.aborted)
}
