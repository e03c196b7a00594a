/** Whether a container engine answers here; tests that need one are skipped loudly where none does, and CI fails on any skip. */
import { execFileSync } from 'node:child_process';
import { describe } from 'vitest';

const IMAGES = ['node:24-slim', 'ghcr.io/shopify/toxiproxy:2.12.0'];

function reasonAgainst(images: readonly string[]): string | null {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'pipe', timeout: 10_000 });
  } catch {
    return 'no container engine answers (way out: .ci/images/engine)';
  }
  for (const image of images) {
    try {
      execFileSync('docker', ['image', 'inspect', image], { stdio: 'pipe', timeout: 10_000 });
    } catch {
      return `the image ${image} is not here (way out: .ci/images/bake)`;
    }
  }
  return null;
}

/** `describe`, for tests that need an engine and these images besides the usual ones. */
export function describeWithEngine(name: string, define: () => void, images: readonly string[] = []): void {
  const reason = reasonAgainst([...IMAGES, ...images]);
  describe.skipIf(reason !== null)(reason === null ? name : `${name} [skipped: ${reason}]`, define);
}
