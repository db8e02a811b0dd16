// tar-fs: a tree with modes, symlinks and times, packed and unpacked elsewhere.

import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { extract, pack, type ExtractOptions, type PackOptions } from 'tar-fs'
import { inventory, writeFiles } from './files.ts'
import type { Program } from './program.ts'

const times: Readonly<Record<string, number>> = { 'a.txt': 1_000_000_000, 'bin/run.sh': 1_234_567_890, 'deep/x/y': 1 }

export const tarProgram: Program = {
  name: 'tar-fs',
  async run(fs, root) {
    const [from, to, archive] = [join(root, 'from'), join(root, 'to'), join(root, 'all.tar')]
    await writeFiles(fs, from, { 'a.txt': 'a'.repeat(100_000), 'bin/run.sh': '#!/bin/sh\n', 'deep/x/y': '' })
    await fs.promises.mkdir(join(from, 'empty'), { mode: 0o700 })
    await fs.promises.symlink('../a.txt', join(from, 'bin/link'))
    await fs.promises.chmod(join(from, 'bin/run.sh'), 0o755)
    await fs.promises.chmod(join(from, 'a.txt'), 0o640)
    for (const [path, time] of Object.entries(times)) await fs.promises.utimes(join(from, path), time, time)
    await pipeline(pack(from, { fs } as PackOptions), fs.createWriteStream(archive))
    await pipeline(fs.createReadStream(archive), extract(to, { fs } as ExtractOptions))
    const kept = await Promise.all(
      Object.keys(times).map(async (path) => (await fs.promises.stat(join(to, path))).mtimeMs / 1000),
    )
    return { files: await inventory(fs, to), kept }
  },
}
