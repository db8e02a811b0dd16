// The control: the reference is held against the kernel, on a real directory.

import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'vitest'
import { createRealFsClient } from '../support/real-fs-calls.ts'
import { commandOf } from './arbitraries.ts'
import { askReference } from './ask-reference.ts'
import { askVolume } from './ask-volume.ts'
import { agree, plain, type Command } from './commands.ts'
import { ReferenceFs } from './reference-fs.ts'
import { checkMany } from './replay.ts'
import { below } from './below.ts'

const commands = fc.array(commandOf({ wild: false, xattrs: false, sizeMax: 9000 }), { maxLength: 50, size: 'max' })

async function compare(sequence: readonly Command[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bucketfs-model-'))
  const sight = { times: false }
  const real = { calls: below(createRealFsClient().calls, folder), handles: new Map(), sight, wait: async () => {} }
  const reference = { fs: new ReferenceFs(() => 0n), handles: new Map(), sight }
  try {
    for (const command of sequence) {
      if (isOutOfOrder(command, reference.fs)) continue
      const actual = await askVolume(real, command)
      const expected = askReference(reference, command, actual)
      if (!agree(expected, actual))
        throw new Error(
          `${JSON.stringify(command, plain)}: the kernel says ${JSON.stringify(actual, plain)}, the reference ${JSON.stringify(expected, plain)}`,
        )
    }
  } finally {
    for (const handle of real.handles.values()) await real.calls.close(handle)
    rmSync(folder, { recursive: true })
  }
}

/**
 * libuv opens the destination of a copy before it finds that the source is a directory; Node's rm asks lstat first, for
 * which `link/` that leads nowhere is ENOENT, not the ENOTDIR of unlink.
 */
function isOutOfOrder(command: Command, fs: ReferenceFs): boolean {
  if (command.op === 'remove') return command.path.endsWith('/')
  return command.op === 'copyFile' && fs.isDirectory(command.path)
}

it('the reference answers as the kernel', { timeout: 120_000 }, async () => {
  await checkMany(commands, 300, compare)
})
