import { describe, expect, it } from 'vitest';
import { containerName, demandHostNames, networkName } from '../../../../../harness/run/environments/containers/names.ts';

describe('names in a container engine', () => {
  it('tell the run and the service', () => {
    expect(networkName('1a2b3c4d')).toBe('halfopen-1a2b3c4d');
    expect(containerName('1a2b3c4d', 'orders')).toBe('halfopen-1a2b3c4d-orders');
  });

  it('stay host names however long the service is called, and stay apart', () => {
    const long = `orders-${'x'.repeat(20)}-of-the-northern-shop`;
    const [one, other] = [containerName('1a2b3c4d', `${long}-1`), containerName('1a2b3c4d', `${long}-2`)];
    for (const name of [one, other, containerName('1a2b3c4d', `${'x'.repeat(35)}-${'y'.repeat(20)}`)]) {
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name).toMatch(/^halfopen-1a2b3c4d-[a-z-]*[a-z]-[0-9a-f]{8}$/);
    }
    expect(one).not.toBe(other);
    expect(containerName('1a2b3c4d', `${long}-1`)).toBe(one);
  });

  it('are refused where they cannot be looked up or stand in a URL, all at once', () => {
    expect(() => demandHostNames(['orders', 'orders-db', 'price_cache', 'eu.orders', 'x'.repeat(63)])).not.toThrow();
    const bad = ['Orders', 'localhost', 'halfopen-relay', '10.0.0.1', 'db.7', '1234', 'x'.repeat(64), 'a b', '-a'];
    let message = '';
    try {
      demandHostNames([...bad, 'orders']);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.split('\n')).toHaveLength(bad.length + 1);
    expect(message).toContain('services["10.0.0.1"]: expected a host name that no URL takes for a number');
    expect(message).toContain('at most 63 characters between dots, found 64 characters');
    expect(message).not.toContain("'orders'");
  });
});
