<#
.SYNOPSIS
Installs Orgo on Windows: Windows Server 2016 and later, Windows 10 and later.

.DESCRIPTION
As an administrator: the program goes to C:\Program Files\Orgo, configuration and data to C:\ProgramData\Orgo, and the
service Orgo runs under an account of its own (NT SERVICE\Orgo), with the machine and again whenever it failed. A program that
is older is upgraded: it is stopped in good order, and its data is copied first. The task that started earlier releases goes.

With -User, for somebody without administrator's rights: everything in one folder, with "Start Orgo.cmd" in it. The folder
may be moved, and carried on a stick.

Python 3.11 or later has to be there, from python.org (its installer needs no administrator with "Install for me only"). It is
copied, and the packages go into the copy, each checked by the hash of Orgo's lock. Run again what was cut off.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File deploy\windows\install.ps1 -Sample school

.EXAMPLE
powershell -ExecutionPolicy Bypass -File deploy\windows\install.ps1 -User
#>
[CmdletBinding()]
param(
    [switch]$User,                      # a folder of one's own, no service
    [string]$To = '',                   # that folder; Orgo in the user's home where not given
    [string]$Sample = '',               # school, city-hall, hospital, company, association
    [string]$Python = '',               # the python.exe to copy; found where not given
    [switch]$Uninstall,                 # the program goes, configuration and data stay
    [switch]$DryRun                     # print what would be done, and change nothing
)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$ServiceName = 'Orgo'
# An account that Windows makes of the service's name: nobody else runs as it, it has no password, and its number is the same
# on each machine. (Names of accounts differ with the language of Windows, numbers do not.)
$ServiceAccount = "NT SERVICE\$ServiceName"
$ServiceSid = '*S-1-5-80-604842835-1986073562-4014055092-380028903-1680881554'
$LocalService = '*S-1-5-19'             # as whom a task started earlier releases
$Administrators = '*S-1-5-32-544'
$System = '*S-1-5-18'
$Source = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path

function Stop-With([int]$Code, [string]$Words) {
    [Console]::Error.WriteLine("install.ps1: $Words")
    exit $Code
}

# Does it, or says it with -DryRun.
function Invoke-Step([string]$StepText, [scriptblock]$StepWork) {
    if ($DryRun) {
        Write-Output "would: $StepText"
        return
    }
    Write-Output $StepText
    & $StepWork
}

# A program that ends with another code than 0 ends this script.
function Invoke-Program([string]$File, [string[]]$Words) {
    & $File @Words
    if ($LASTEXITCODE -ne 0) {
        Stop-With 1 "$File $Words ended with $LASTEXITCODE"
    }
}

function Test-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($identity)
    return $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# The folder of a Python that is new enough and may be copied (the one of Microsoft's Store may not).
function Find-Python {
    $candidates = @($Python, 'py.exe', 'python.exe') | Where-Object { $_ }
    foreach ($name in $candidates) {
        $found = Get-Command $name -ErrorAction SilentlyContinue | Select-Object -First 1
        if (-not $found) { continue }
        $code = 'import sys; print(sys.base_prefix if sys.version_info >= (3, 11) and sys.maxsize > 2**32 else str())'
        $folder = & $found.Source -c $code
        if ($folder -and ($folder -notlike '*\WindowsApps\*')) { return $folder }
    }
    Stop-With 69 'there is no Python 3.11 or later (64 bit) here: take it from python.org/downloads/windows, then run this again'
}

# The version and a hash of what is installed from this checkout: the same source is the same release.
function Get-Release {
    $toml = Get-Content (Join-Path $Source 'pyproject.toml') -Encoding UTF8
    $version = ($toml | Select-String '^version = "(.*)"' | Select-Object -First 1).Matches[0].Groups[1].Value
    $files = @(Get-ChildItem (Join-Path $Source 'src'), (Join-Path $Source 'config') -Recurse -File)
    $files += Get-Item (Join-Path $Source 'pyproject.toml'), (Join-Path $Source 'requirements.txt')
    $files = $files | Where-Object { $_.Extension -ne '.pyc' } | Sort-Object FullName
    $lines = $files | ForEach-Object { (Get-FileHash $_.FullName -Algorithm SHA256).Hash + $_.FullName.Substring($Source.Length) }
    $bytes = [Text.Encoding]::UTF8.GetBytes($lines -join "`n")
    $hash = [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)).Replace('-', '').ToLower()
    return '{0}-{1}' -f $version, $hash.Substring(0, 12)
}

# What a run that was ended left half made.
function Clear-Part([string]$Folder, [string]$Filter) {
    Get-ChildItem $Folder -Directory -Filter $Filter | Remove-Item -Recurse -Force
}

# A Python of its own with the packages of the lock and Orgo in it, complete or not there at all.
function New-Release([string]$Folder) {
    if (Test-Path $Folder) {
        Write-Output "release $(Split-Path $Folder -Leaf) is there already"
        return
    }
    $base = Find-Python
    $part = "$Folder.part"
    Invoke-Step "making release $(Split-Path $Folder -Leaf) from $base (some minutes)" {
        New-Item -ItemType Directory -Force -Path (Split-Path $Folder) | Out-Null
        Clear-Part (Split-Path $Folder) '*-????????????.part'
        New-Item -ItemType Directory -Force -Path $part | Out-Null
        Copy-Item -Path (Join-Path $base '*') -Destination $part -Recurse
        $packages = Join-Path $part 'Lib\site-packages'
        Get-ChildItem $packages -Directory | Where-Object { $_.Name -notlike 'pip*' } | Remove-Item -Recurse -Force
        $own = Join-Path $part 'python.exe'
        $pip = @('-I', '-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '--no-warn-script-location')
        $pip += @('--only-binary=:all:', '--require-hashes', '-r', (Join-Path $Source 'requirements.txt'))
        Invoke-Program $own $pip
        # Orgo is copied: a build's own backend would come without a hash
        $program = Join-Path $packages 'orgo'
        Copy-Item -Path (Join-Path $Source 'src\orgo') -Destination $program -Recurse
        Copy-Item -Path (Join-Path $Source 'config') -Destination (Join-Path $program 'samples') -Recurse
        Invoke-Program $own @('-I', '-m', 'compileall', '-q', $program)
        Rename-Item $part (Split-Path $Folder -Leaf)
    }
}

# The command: a file whose words say which release is in use; it is replaced from one moment to the next.
function Set-Command([string]$File, [string]$Program, [string]$OrgoHome, [string[]]$Lines) {
    Invoke-Step "writing $File" {
        $all = @('@echo off', 'setlocal', "set `"ORGO_HOME=$OrgoHome`"", 'set PYTHONUTF8=1', 'set PYTHONNOUSERSITE=1')
        $all += 'cd /d "%ORGO_HOME%"'
        $all += $Lines -creplace '^ORGO ', "`"$($Program.Replace('$', '$$'))\python.exe`" -m orgo "
        [IO.File]::WriteAllLines("$File.new", [string[]]$all, (New-Object Text.UTF8Encoding($false)))
        Move-Item "$File.new" $File -Force
    }
}

# Only the service and administrators may read what is in the folder.
function Protect-Folder([string]$Folder) {
    Invoke-Program 'icacls.exe' @(
        $Folder, '/inheritance:r', '/grant:r',
        "${System}:(OI)(CI)F", "${Administrators}:(OI)(CI)F", "${ServiceSid}:(OI)(CI)M",
        '/remove:g', $LocalService, '/Q'
    )
}

# The service as the service manager knows it, made or with another release's program. It may start only when all is said.
function Register-Orgo([string]$Release, [string]$OrgoHome) {
    $program = Join-Path $Release 'python.exe'
    # the service may not write where the event log's sources are; and where pywin32 can't be loaded it is seen here
    $source = "import win32serviceutil, servicemanager; servicemanager.SetEventSourceName('$ServiceName', True)"
    Invoke-Program $program @('-I', '-c', $source)
    $line = "`"$program`" -I -X utf8 -m orgo.cli.windows_service `"$OrgoHome`""
    $there = Get-CimInstance Win32_Service -Filter "Name='$ServiceName'"
    if ($there) {
        $changed = Invoke-CimMethod -InputObject $there -MethodName Change -Arguments @{ PathName = $line }
        if ($changed.ReturnValue -ne 0) { Stop-With 1 "the service could not be changed: error $($changed.ReturnValue)" }
    }
    else {
        New-Service -Name $ServiceName -BinaryPathName $line -DisplayName $ServiceName -StartupType Disabled `
            -Description 'Mail becomes accountable work' | Out-Null
    }
    # of the rights that services have it needs none but the one that everybody has
    Invoke-Program 'sc.exe' @('privs', $ServiceName, 'SeChangeNotifyPrivilege')
    # after a failure again in 5 s, then each minute; a day without one forgets them. An end with an error is a failure too
    Invoke-Program 'sc.exe' @('failure', $ServiceName, 'reset=', '86400', 'actions=', 'restart/5000/restart/60000/restart/60000')
    Invoke-Program 'sc.exe' @('failureflag', $ServiceName, '1')
    Invoke-Program 'sc.exe' @('config', $ServiceName, 'start=', 'delayed-auto', 'obj=', $ServiceAccount)
}

function Test-Service {
    return [bool](Get-Service -Name $ServiceName -ErrorAction SilentlyContinue)
}

function Test-FormerTask {
    return [bool](Get-ScheduledTask -TaskName $ServiceName -ErrorAction SilentlyContinue)
}

# Ends Orgo, and what was started from its folder. It stays ended until it is registered again: its recovery is off too.
function Stop-Orgo([string]$Folder) {
    if (Test-Service) {
        Set-Service -Name $ServiceName -StartupType Disabled
        Stop-Service -Name $ServiceName -ErrorAction Continue
    }
    if (Test-FormerTask) {
        Disable-ScheduledTask -TaskName $ServiceName | Out-Null
        Stop-ScheduledTask -TaskName $ServiceName
    }
    Get-CimInstance Win32_Process |
        Where-Object { $_.ExecutablePath -and $_.ExecutablePath.StartsWith("$Folder\", 'OrdinalIgnoreCase') } |
        ForEach-Object { Stop-Process -Id $_.ProcessId -Force -ErrorAction SilentlyContinue }
}

# The task by which earlier releases were started, and its file.
function Remove-FormerTask([string]$Folder) {
    if (Test-FormerTask) { Unregister-ScheduledTask -TaskName $ServiceName -Confirm:$false }
    Remove-Item (Join-Path $Folder 'run.cmd') -ErrorAction SilentlyContinue
}

# The value of one key of the configuration.
function Get-Setting([string]$Command, [string]$Key) {
    & $Command config show --json | ForEach-Object { $_ | ConvertFrom-Json } | Where-Object { $_.key -eq $Key } |
        ForEach-Object { $_.value }
}

# Waits up to a minute for the page to answer that it lives.
function Test-Alive([string]$Command) {
    $port = Get-Setting $Command 'web.port'
    for ($turn = 0; $turn -lt 60; $turn++) {
        try {
            $request = [Net.WebRequest]::Create("http://127.0.0.1:$port/livez")
            $request.Proxy = $null
            $request.Timeout = 3000
            $request.GetResponse().Close()
            return $true
        }
        catch {
            Start-Sleep -Seconds 1
        }
    }
    return $false
}

# A copy of configuration and data, made while Orgo does not run; the ten newest stay.
function Backup-Home([string]$OrgoHome) {
    $backups = "$OrgoHome-backups"
    $place = Join-Path $backups ([DateTime]::UtcNow.ToString('yyyyMMdd-HHmmss'))
    New-Item -ItemType Directory -Force -Path $backups | Out-Null
    Protect-Folder $backups
    Clear-Part $backups '*.part'
    Copy-Item -Path $OrgoHome -Destination "$place.part" -Recurse
    Rename-Item "$place.part" (Split-Path $place -Leaf)
    Get-ChildItem $backups -Directory | Sort-Object Name -Descending | Select-Object -Skip 10 | Remove-Item -Recurse -Force
    Write-Output "backup: $place"
}

function Install-Service {
    $folder = Join-Path $env:ProgramFiles 'Orgo'
    $orgoHome = Join-Path $env:ProgramData 'Orgo'
    $release = Join-Path $folder (Get-Release)
    $command = Join-Path $folder 'orgo.cmd'
    $why = "its log: orgo.log in log.folder or in $orgoHome\var; and the event log (Application, $ServiceName)"
    New-Release $release
    Invoke-Step 'stopping Orgo where it runs' { Stop-Orgo $folder }
    if (Test-Path (Join-Path $orgoHome 'var')) {
        Invoke-Step "backing up $orgoHome" { Backup-Home $orgoHome }
    }
    Invoke-Step "making $orgoHome, for the service and administrators only" {
        New-Item -ItemType Directory -Force -Path $orgoHome, (Join-Path $orgoHome 'var') | Out-Null
        Protect-Folder $orgoHome
    }
    Set-Command $command $release $orgoHome 'ORGO %*'
    Invoke-Step 'first set-up' { Invoke-Setup $command }
    Invoke-Step "the service $ServiceName starts Orgo with the machine, as $ServiceAccount" {
        Register-Orgo $release $orgoHome
        Start-Service -Name $ServiceName
        if (-not (Test-Alive $command)) { Stop-With 1 "Orgo does not answer; $why" }
        Remove-FormerTask $folder
    }
    Write-Output "Orgo is installed. As an administrator: & '$command' doctor; $why"
}

function Invoke-Setup([string]$Command) {
    $words = @('init', '--yes')
    if ($Sample) { $words += @('--sample', $Sample) }
    Invoke-Program $Command $words
}

# All of it in one folder; the commands find the rest from where they lie themselves.
function Install-Portable {
    $folder = $To
    if (-not $folder) { $folder = Join-Path $env:USERPROFILE 'Orgo' }
    $release = Get-Release
    Invoke-Step "making $folder" { New-Item -ItemType Directory -Force -Path (Join-Path $folder 'data') | Out-Null }
    New-Release (Join-Path $folder $release)
    Set-Command (Join-Path $folder 'orgo.cmd') "%~dp0$release" '%~dp0data' 'ORGO %*'
    Set-Command (Join-Path $folder 'Start Orgo.cmd') "%~dp0$release" '%~dp0data' 'ORGO up'
    Invoke-Step 'first set-up' { Invoke-Setup (Join-Path $folder 'orgo.cmd') }
    Write-Output "Orgo is in ${folder}: 'Start Orgo.cmd' starts it, the sign-in link above opens it."
}

function Uninstall-Service {
    $folder = Join-Path $env:ProgramFiles 'Orgo'
    Invoke-Step "taking the service $ServiceName and $folder away" {
        Stop-Orgo $folder
        Remove-FormerTask $folder
        if (Test-Service) { Invoke-Program 'sc.exe' @('delete', $ServiceName) }
        Remove-EventLog -Source $ServiceName -ErrorAction SilentlyContinue
        if (Test-Path $folder) { Remove-Item $folder -Recurse -Force }
    }
    Write-Output "Orgo is gone. Configuration and data stay in $(Join-Path $env:ProgramData 'Orgo'); install.ps1 finds them again."
}

if ($Sample -and -not (Test-Path (Join-Path $Source "config\organizations\$Sample\config.yaml"))) {
    $names = (Get-ChildItem (Join-Path $Source 'config\organizations') -Directory).Name -join ' '
    Stop-With 2 "there is no sample $Sample; there are: $names"
}
if ($User -and $Uninstall) {
    Stop-With 2 'with -User all is in one folder: delete that'
}
if (-not $User -and -not $DryRun -and -not (Test-Administrator)) {
    Stop-With 4 'this changes the machine: run it as an administrator (or look first: -DryRun; or for yourself: -User)'
}
if ($User) { Install-Portable } elseif ($Uninstall) { Uninstall-Service } else { Install-Service }
if ($DryRun) { Write-Output 'This was -DryRun: nothing was changed.' }
