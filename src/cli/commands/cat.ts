// `cat`: contents to standard output, in order, a few MiB at a time.

import { O_RDONLY } from '../../volume/types.ts'
import type { Command, CommandContext } from '../command.ts'
import type { Place } from '../places/places.ts'

const stepBytes = 4 * 1024 * 1024

export const cat: Command = {
  name: 'cat',
  arguments: '<paths...>',
  summary: 'write files to standard output',
  options: [],
  async run(context, args) {
    for (const text of args) {
      const place = await context.places.at(text)
      try {
        await writeOut(context, place)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw error
        context.out.failure('cannot read', text, error)
      }
      if (context.signal.aborted) return 130
    }
    return context.out.failureCount > 0 ? 1 : 0
  },
}

async function writeOut(context: CommandContext, place: Place): Promise<void> {
  const { calls, caller, path } = place
  const { handle, attributes } = await calls.open(caller, path, O_RDONLY, 0)
  try {
    if (attributes.type === 'directory') throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
    for (let offset = 0; !context.signal.aborted;) {
      const data = await calls.read(handle, offset, stepBytes)
      if (data.length === 0) return
      await context.out.write(data)
      offset += data.length
    }
  } finally {
    await calls.close(handle)
  }
}
