// glob, fast-glob, globby and fdir over 5,000 entries.

import fastGlob from 'fast-glob'
import { fdir, type FSLike } from 'fdir'
import { glob, globSync, type GlobOptions } from 'glob'
import { globby } from 'globby'
import { hash, writeFiles } from './files.ts'
import type { Program } from './program.ts'

export const globsProgram: Program = {
  name: 'glob, fast-glob, globby and fdir',
  async run(fs, root) {
    const files: Record<string, string> = { '.gitignore': '*.log\n' }
    for (let i = 0; i < 4900; i++) files[`d${i % 7}/e${i % 13}/f${i}${['.ts', '.js', '.log'][i % 3] as string}`] = ''
    await writeFiles(fs, root, files)
    const options = { fs, cwd: root }
    const globFs = fs as unknown as NonNullable<GlobOptions['fs']>
    const fdirFs = fs as unknown as FSLike
    return {
      glob: digest(await glob('**/*.ts', { cwd: root, fs: globFs })),
      globSync: digest(globSync('d3/**/*.js', { cwd: root, fs: globFs })),
      fastGlob: digest(await fastGlob('**/*.{ts,js}', options)),
      fastGlobStats: (await fastGlob('d1/e1/*', { ...options, stats: true }))
        .map(({ name, stats }) => [name, stats?.isFile(), stats?.size])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      fastGlobSync: digest(fastGlob.sync('d{1,2}/*', { ...options, onlyDirectories: true })),
      globby: digest(await globby(['**', '!**/e1/**'], { ...options, gitignore: true, dot: true })),
      fdir: digest(await new fdir({ fs: fdirFs }).withRelativePaths().withDirs().crawl(root).withPromise()),
      fdirSync: digest(new fdir({ fs: fdirFs }).withRelativePaths().crawl(root).sync()),
    }
  },
}

/** Count, hash and a few: what differs shows without 5,000 lines. */
function digest(paths: readonly string[]): unknown {
  const sorted = [...paths].toSorted()
  return { count: sorted.length, hash: hash(sorted.join('\n')), first: sorted.slice(0, 3) }
}
