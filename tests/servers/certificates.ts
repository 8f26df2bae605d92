/** Certificates for servers of the tests, made by openssl: an authority, a server's, a client's, and a stranger's authority. */

/** Paths of PEM files. */
export interface Certificates {
  /** The authority that signed the two others. */
  readonly ca: string;
  /** For 127.0.0.1 and localhost. */
  readonly serverCert: string;
  readonly serverKey: string;
  /** For the user that was asked for, as its common name. */
  readonly clientCert: string;
  readonly clientKey: string;
  /** An authority that has signed none of them. */
  readonly strangeCa: string;
}

/** Makes them in a folder. `clientName` becomes the common name of the client's certificate. */
export async function makeCertificates(
  folder: string,
  { clientName }: { clientName: string },
): Promise<Certificates> {
  await Deno.mkdir(folder, { recursive: true });
  const openssl = async (...args: string[]) => {
    const output = await new Deno.Command("openssl", { args, cwd: folder, stdin: "null", stderr: "piped" })
      .output();
    if (!output.success) {
      throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(output.stderr)}`);
    }
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string, subject: string) =>
    openssl(
      ...["req", "-x509", "-days", "3650", ...key, "-subj", `/CN=${subject}`],
      ...["-addext", "basicConstraints=critical,CA:TRUE", "-keyout", `${name}.key`, "-out", `${name}.crt`],
    );
  const signed = async (name: string, subject: string, extensions: string) => {
    await Deno.writeTextFile(`${folder}/${name}.ext`, extensions);
    await openssl("req", ...key, "-subj", `/CN=${subject}`, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    await openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"],
      ...["-days", "3650", "-extfile", `${name}.ext`, "-out", `${name}.crt`],
    );
    await Deno.chmod(`${folder}/${name}.key`, 0o600);
  };
  await authority("ca", "dataloader tests");
  await authority("strange_ca", "a stranger");
  await signed("server", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  await signed("client", clientName, "extendedKeyUsage=clientAuth\n");
  const path = (name: string) => `${folder}/${name}`;
  return {
    ca: path("ca.crt"),
    serverCert: path("server.crt"),
    serverKey: path("server.key"),
    clientCert: path("client.crt"),
    clientKey: path("client.key"),
    strangeCa: path("strange_ca.crt"),
  };
}
