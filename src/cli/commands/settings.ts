// `settings`: what can be set on a volume, by which flag and which environment name.

import type { Command } from '../command.ts'
import { describeSettings } from '../settings.ts'

export const settings: Command = {
  name: 'settings',
  arguments: '',
  summary: 'list the settings of a volume with their flags and environment names',
  options: [],
  async run(context) {
    await context.out.write(describeSettings())
    return 0
  },
}
