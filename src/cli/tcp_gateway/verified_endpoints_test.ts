import assert from "node:assert/strict";
import { join } from "node:path";
import { createServer } from "node:tls";
import { silentLogger } from "../../base/log.ts";
import { newSelfSignedCertificate } from "../../net/tls/self_signed_certificate.ts";
import type { SrvEndpoint } from "../srv_lookup.ts";
import { verifiedEndpoints } from "./verified_endpoints.ts";

const DOMAIN = "example.com";

function endpointAt(port: number): SrvEndpoint {
  return { host: "127.0.0.1", port, priority: 0, weight: 0, url: `https://127.0.0.1:${port}` };
}

Deno.test("verifiedEndpoints() keeps those whose certificates are good for the domain", async () => {
  const folder = await Deno.makeTempDir();
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + 3_600_000);
  const certificates = [DOMAIN, "other.org"].map((host) =>
    newSelfSignedCertificate({ hosts: [host], notBefore, notAfter })
  );
  const servers = certificates.map(({ certificate, key }) =>
    createServer({ cert: certificate, key })
  );
  try {
    const ports: number[] = [];
    for (const server of servers) {
      server.on("tlsClientError", () => {});
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("no port given");
      ports.push(address.port);
    }
    const caFile = join(folder, "ca.pem");
    await Deno.writeTextFile(caFile, certificates.map((one) => one.certificate).join(""));
    // The last one is not there.
    const endpoints = [...ports, 1].map(endpointAt);
    const verified = await verifiedEndpoints(endpoints, DOMAIN, caFile, silentLogger);
    assert.deepEqual(verified, [endpoints[0]]);
    // Without the authority nobody is trusted.
    assert.deepEqual(await verifiedEndpoints(endpoints, DOMAIN, "", silentLogger), []);
  } finally {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    await Deno.remove(folder, { recursive: true });
  }
});
