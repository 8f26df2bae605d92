<#
.SYNOPSIS
Installs the newest dataloader, or a certain version, for Windows.
.DESCRIPTION
Downloads the archive of this system and the list of checksums, compares, and puts one file, dataloader.exe, into a
folder. It changes nothing else: no PATH, no registry. Works with Windows PowerShell 5.1 and PowerShell 7.
.PARAMETER Version
A version such as v0.1.0; the newest by default.
.PARAMETER Dir
The folder; %LOCALAPPDATA%\Programs\dataloader by default.
.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Version v0.1.0
#>
[CmdletBinding()]
param(
  [string]$Version = $(if ($env:DATALOADER_VERSION) { $env:DATALOADER_VERSION } else { 'latest' }),
  [string]$Dir = $(if ($env:DATALOADER_DIR) { $env:DATALOADER_DIR } else { Join-Path $env:LOCALAPPDATA 'Programs\dataloader' })
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
# Its progress bar makes downloads many times slower in Windows PowerShell.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

function Stop-Install([string]$Message, [string[]]$Hints = @()) {
  [Console]::Error.WriteLine("error: $Message")
  foreach ($hint in $Hints) { [Console]::Error.WriteLine("  hint: $hint") }
  exit 1
}

function Get-Asset([string]$Base, [string]$Name, [string]$Folder) {
  $file = Join-Path $Folder $Name
  try {
    Invoke-WebRequest -UseBasicParsing -Uri "$Base/$Name" -OutFile $file
  } catch {
    $why = $_.Exception.Message
    if ($why -match '404') {
      Stop-Install "there is no $Name at $Base." @('is there a release of that version, with an executable for Windows?')
    }
    Stop-Install "$Base/$Name can't be fetched: $why" @('check the network, or set DATALOADER_DOWNLOADS to a mirror')
  }
  return $file
}

# A release fills in where it is: the copy in the repository names no place.
$downloads = if ($env:DATALOADER_DOWNLOADS) { $env:DATALOADER_DOWNLOADS } else { '@DOWNLOADS@' }
if ($downloads.StartsWith('@')) {
  Stop-Install 'this copy names no place to download from.' @('take install.ps1 from a release, or set DATALOADER_DOWNLOADS')
}
if (-not [Environment]::Is64BitOperatingSystem) { Stop-Install 'there is no executable for 32-bit Windows.' }
if ($Version -match '^[0-9]') { $Version = "v$Version" }
$base = if ($Version -eq 'latest') { "$downloads/latest/download" } else { "$downloads/download/$Version" }

$work = Join-Path ([IO.Path]::GetTempPath()) ("dataloader-" + [Guid]::NewGuid().ToString('N'))
New-Item -ItemType Directory -Path $work | Out-Null
try {
  # On an arm64 system Windows runs the x64 executable.
  $archive = 'dataloader-windows-x64.zip'
  $sums = Get-Asset $base 'checksums.txt' $work
  $zip = Get-Asset $base $archive $work

  $line = Get-Content $sums | Where-Object { $_ -match "^([0-9a-fA-F]{64}) [ *]$([regex]::Escape($archive))$" } | Select-Object -First 1
  if (-not $line) { Stop-Install "checksums.txt does not name ${archive}: nothing was installed." }
  $wanted = $line.Substring(0, 64).ToLowerInvariant()
  $found = (Get-FileHash -Algorithm SHA256 -LiteralPath $zip).Hash.ToLowerInvariant()
  if ($wanted -ne $found) {
    Stop-Install "the checksum of $archive is wrong: nothing was installed." @(
      "expected $wanted", "found    $found", 'try again; if it stays wrong, do not use the file, and report it')
  }

  Expand-Archive -LiteralPath $zip -DestinationPath $work
  $new = Join-Path $work 'dataloader.exe'
  $first = & $new version
  if ($LASTEXITCODE -ne 0) { Stop-Install 'what was downloaded does not run on this system: nothing was installed.' }

  try {
    New-Item -ItemType Directory -Force -Path $Dir | Out-Null
    $target = Join-Path $Dir 'dataloader.exe'
    # A program that runs can't be replaced, but it can be renamed.
    if (Test-Path -LiteralPath $target) {
      $old = "$target.old"
      if (Test-Path -LiteralPath $old) { Remove-Item -Force -LiteralPath $old }
      Move-Item -LiteralPath $target -Destination $old
    }
    Copy-Item -LiteralPath $new -Destination $target
  } catch {
    Stop-Install "$Dir can't be written: $($_.Exception.Message)" @('name another folder with -Dir, or close programs that use it')
  }
  # It unpacks itself when it is first called: now, while its folder can be written.
  & $target version | Out-Null
  Write-Output "$first is installed: $target"
  if (-not (($env:PATH -split ';') -contains $Dir)) {
    Write-Output "$Dir is not in PATH. To add it for yourself:"
    Write-Output "  [Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$Dir', 'User')"
  }
} finally {
  Remove-Item -Recurse -Force -LiteralPath $work -ErrorAction SilentlyContinue
}
