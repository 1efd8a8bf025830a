//! The names of Windows events that the mapping reads.

use crate::row::slots;

slots! {
    /// A field of a Windows event.
    W {
        // About the record.
        Channel = "Channel", EventId = "EventID", Provider = "Provider_Name" | "SourceName",
        ProviderGuid = "Provider_Guid" | "ProviderGuid", Computer = "Computer" | "Hostname", HostName = "host.name",
        RecordId = "EventRecordID" | "RecordNumber", Level = "Level", Severity = "Severity", Message = "Message",
        TimeCreated = "TimeCreated", SystemTime = "SystemTime", UtcTime = "UtcTime", Arrival = "@timestamp", EventTime = "EventTime",
        ActivityId = "CorrelationActivityID" | "ActivityID", Keywords = "Keywords", Unresolved = "ERROR_EVT_UNRESOLVED", LogEventType = "EventTypeOrignal",
        SecurityUserId = "SecurityUserID" | "UserID", LogAccount = "AccountName", LogDomain = "Domain" | "AccountDomain",
        LoggerPid = "ExecutionProcessID", LoggerTid = "ExecutionThreadID" | "ThreadID",
        // Sysmon.
        RuleName = "RuleName", Image = "Image", ProcessId = "ProcessId" | "ProcessID", ProcessGuid = "ProcessGuid" | "ProcessGUID",
        CommandLine = "CommandLine", CurrentDirectory = "CurrentDirectory", User = "User", LogonGuid = "LogonGuid",
        LogonId = "LogonId" | "LogonID", TerminalSessionId = "TerminalSessionId", IntegrityLevel = "IntegrityLevel",
        Hashes = "Hashes" | "Hash", ParentProcessGuid = "ParentProcessGuid" | "ParentProcessGUID", ParentProcessId = "ParentProcessId",
        ParentImage = "ParentImage", ParentCommandLine = "ParentCommandLine", ParentUser = "ParentUser",
        FileVersion = "FileVersion", Description = "Description", ProductName = "Product", Company = "Company",
        OriginalFileName = "OriginalFileName", SourceProcessGuid = "SourceProcessGuid" | "SourceProcessGUID",
        SourceProcessId = "SourceProcessId", SourceImage = "SourceImage", SourceThreadId = "SourceThreadId", SourceUser = "SourceUser",
        TargetProcessGuid = "TargetProcessGuid" | "TargetProcessGUID", TargetProcessId = "TargetProcessId", TargetImage = "TargetImage",
        TargetUser = "TargetUser", NewThreadId = "NewThreadId", StartAddress = "StartAddress", StartModule = "StartModule",
        StartFunction = "StartFunction", GrantedAccess = "GrantedAccess", CallTrace = "CallTrace", Protocol = "Protocol",
        SourceIp = "SourceIp", SourceHostname = "SourceHostname", SourcePort = "SourcePort", DestinationIp = "DestinationIp",
        DestinationHostname = "DestinationHostname", DestinationPort = "DestinationPort", Initiated = "Initiated",
        TargetFilename = "TargetFilename", CreationUtcTime = "CreationUtcTime", ImageLoaded = "ImageLoaded", Signed = "Signed",
        Signature = "Signature", SignatureStatus = "SignatureStatus", Device = "Device", EventType = "EventType",
        TargetObject = "TargetObject", Details = "Details", NewName = "NewName", PipeName = "PipeName", State = "State",
        Configuration = "Configuration", ConfigurationFileHash = "ConfigurationFileHash", QueryName = "QueryName",
        QueryStatus = "QueryStatus", QueryResults = "QueryResults", Operation = "Operation", Name = "Name", Query = "Query",
        Destination = "Destination", Consumer = "Consumer", Filter = "Filter", WmiType = "Type", Contents = "Contents",
        // Security: who, to whom.
        SubjectUserName = "SubjectUserName", SubjectUserSid = "SubjectUserSid", SubjectDomainName = "SubjectDomainName",
        SubjectLogonId = "SubjectLogonId", TargetUserName = "TargetUserName", TargetUserSid = "TargetUserSid" | "TargetSid",
        TargetDomainName = "TargetDomainName", TargetLogonId = "TargetLogonId", TargetServerName = "TargetServerName",
        LogonType = "LogonType", LogonProcessName = "LogonProcessName", AuthenticationPackage = "AuthenticationPackageName" | "PackageName",
        WorkstationName = "WorkstationName" | "Workstation", IpAddress = "IpAddress" | "ClientAddress", IpPort = "IpPort",
        ProcessName = "ProcessName" | "CallerProcessName", CallerProcessId = "CallerProcessId" | "ClientProcessId", Status = "Status",
        SubStatus = "SubStatus", FailureReason = "FailureReason", LmPackageName = "LmPackageName", KeyLength = "KeyLength",
        PrivilegeList = "PrivilegeList", EnabledPrivilegeList = "EnabledPrivilegeList", DisabledPrivilegeList = "DisabledPrivilegeList",
        GroupMembership = "GroupMembership", MemberName = "MemberName", MemberSid = "MemberSid", NewTargetUserName = "NewTargetUserName",
        OldTargetUserName = "OldTargetUserName", ServiceName = "ServiceName", ServiceSid = "ServiceSid",
        TicketEncryptionType = "TicketEncryptionType", PreAuthType = "PreAuthType", SessionName = "SessionName", ClientName = "ClientName",
        AccessGranted = "AccessGranted", AccessRemoved = "AccessRemoved", TargetName = "TargetName",
        // Security: processes and objects.
        NewProcessId = "NewProcessId", NewProcessName = "NewProcessName", ParentProcessName = "ParentProcessName",
        TokenElevationType = "TokenElevationType", MandatoryLabel = "MandatoryLabel", ObjectType = "ObjectType", ObjectName = "ObjectName",
        ObjectServer = "ObjectServer", ObjectValueName = "ObjectValueName", HandleId = "HandleId", SourceHandleId = "SourceHandleId",
        AccessMask = "AccessMask", AccessList = "AccessList", OperationType = "OperationType", NewValue = "NewValue",
        NewValueType = "NewValueType", ShareName = "ShareName", ShareLocalPath = "ShareLocalPath", RelativeTargetName = "RelativeTargetName",
        Service = "Service", ObjectDn = "ObjectDN", ObjectGuid = "ObjectGUID", ObjectClass = "ObjectClass", NewObjectDn = "NewObjectDN",
        // Security: filtering platform.
        Application = "Application", Direction = "Direction", SourceAddress = "SourceAddress", DestAddress = "DestAddress",
        DestPort = "DestPort", FilterRtid = "FilterRTID", FilterName = "FilterName", FilterKey = "FilterKey", ChangeType = "ChangeType",
        RuleId = "RuleId", UserName = "UserName", UserSid = "UserSid",
        // Security: policy and the rest.
        SubcategoryGuid = "SubcategoryGuid", CategoryId = "CategoryId", DomainName = "DomainName", SecurityPackageName = "SecurityPackageName",
        NotificationPackageName = "NotificationPackageName", AuditSourceName = "AuditSourceName", KeyName = "KeyName", KeyType = "KeyType",
        ReturnCode = "ReturnCode",
        // Services and tasks.
        ServiceFileName = "ServiceFileName" | "ImagePath", ServiceType = "ServiceType", ServiceStartType = "ServiceStartType" | "StartType",
        ServiceAccount = "ServiceAccount", Param1 = "param1", Param2 = "param2", Param3 = "param3", Param4 = "param4",
        TaskName = "TaskName", TaskContent = "TaskContent" | "TaskContentNew", ActionName = "ActionName", Path = "Path",
        TaskInstanceId = "TaskInstanceId" | "InstanceId", UserContext = "UserContext", ResultCode = "ResultCode" | "Result",
        // PowerShell.
        ScriptBlockText = "ScriptBlockText", ScriptBlockId = "ScriptBlockId", MessageNumber = "MessageNumber", MessageTotal = "MessageTotal",
        Payload = "Payload", ContextInfo = "ContextInfo", Data = "Data", HostApplication = "HostApplication",
        EngineVersion = "EngineVersion", NewProviderState = "NewProviderState", NewEngineState = "NewEngineState",
        // Logs.
        BackupPath = "BackupPath", SubjectLogName = "LogName",
        // WMI, Defender, remote desktop, DNS, firewall, AppLocker, BITS.
        HostProcess = "HostProcess", ProviderPath = "ProviderPath", ClientMachine = "ClientMachine", PossibleCause = "PossibleCause",
        Namespace = "Namespace" | "NamespaceName", EssConsumer = "ESS" | "CONSUMER",
        ThreatName = "Threat Name", ThreatId = "Threat ID", DetectionId = "Detection ID", SeverityName = "Severity Name",
        CategoryName = "Category Name", DetectionUser = "Detection User", ActionId = "Action ID",
        DefenderAction = "Action Name", DefenderProcess = "Process Name", DefenderNew = "New Value", DefenderOld = "Old Value",
        AsrId = "ID", SessionId = "SessionID" | "Session", Address = "Address" | "Source Network Address",
        Param1Upper = "Param1", Param2Upper = "Param2", Param3Upper = "Param3", ClientIp = "ClientIP", ConnType = "ConnType",
        ServerName = "ServerName" | "Value", QueryType = "QueryType", DnsServer = "DnsServerIpAddress", QueryOptions = "QueryOptions",
        ModifyingApplication = "ModifyingApplication", ModifyingUser = "ModifyingUser", ApplicationPath = "ApplicationPath",
        FilePath = "FilePath", FileHash = "FileHash", Fqbn = "Fqbn", PolicyName = "PolicyName",
        BitsUrl = "url" | "RemoteName", BitsJob = "name" | "jobTitle", BitsBytes = "bytesTransferred",
        TargetServer = "TargetServer", SchannelName = "SChannelName", SchannelType = "SChannelType",
    }
}
