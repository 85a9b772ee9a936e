// Command release makes what is published: for each architecture a Debian package and a tar.gz, with man pages,
// completions and a list of the modules inside (SBOM, CycloneDX), and SHA256SUMS over all of them.
//
// The same source, version and time of build give the same bytes: nothing of the machine, its clock or the order of
// its folders goes in.
//
// In reading order: main.go (the steps), pack.go (which file goes where), deb.go, targz.go, manual.go (help becomes
// man pages), complete.go (and completions), sbom.go, sums.go (and the signature).
package main
